// Formulas of time as lists of operations, which `fdmag/host/formula.py` makes of them.

// In the order of `OPERATIONS` there.
enum class Do : Index {
    kNumber, kAdd, kSubtract, kMultiply, kDivide, kPower, kNegative, kLess, kLessEqual, kGreater, kGreaterEqual,
    kEqual, kNotEqual, kAnd, kOr, kWhere, kSin, kCos, kTan, kArcsin, kArccos, kArctan, kArctan2, kSinh, kCosh, kTanh,
    kExp, kLog, kLog10, kSqrt, kHypot, kAbs, kSign, kFloor, kCeil, kRemainder, kMinimum, kMaximum
};

struct Operation {
    Do kind;
    Index operands[3];  // outcomes it is done with: 0 is the time, 1 the outcome of the first
    double number;
};

static double remainder_of(double a, double b) {  // with the sign of b, as NumPy has it
    const double rest = __builtin_fmod(a, b);
    if (rest == 0) return __builtin_copysign(0.0, b);
    return (b < 0) != (rest < 0) ? rest + b : rest;
}

static double outcome_of(Do kind, double a, double b, double c) {
    switch (kind) {
        case Do::kAdd: return a + b;
        case Do::kSubtract: return a - b;
        case Do::kMultiply: return a * b;
        case Do::kDivide: return a / b;
        case Do::kPower: return __builtin_pow(a, b);
        case Do::kNegative: return -a;
        case Do::kLess: return a < b;
        case Do::kLessEqual: return a <= b;
        case Do::kGreater: return a > b;
        case Do::kGreaterEqual: return a >= b;
        case Do::kEqual: return a == b;
        case Do::kNotEqual: return a != b;
        case Do::kAnd: return a != 0 && b != 0;
        case Do::kOr: return a != 0 || b != 0;
        case Do::kWhere: return a != 0 ? b : c;
        case Do::kSin: return __builtin_sin(a);
        case Do::kCos: return __builtin_cos(a);
        case Do::kTan: return __builtin_tan(a);
        case Do::kArcsin: return __builtin_asin(a);
        case Do::kArccos: return __builtin_acos(a);
        case Do::kArctan: return __builtin_atan(a);
        case Do::kArctan2: return __builtin_atan2(a, b);
        case Do::kSinh: return __builtin_sinh(a);
        case Do::kCosh: return __builtin_cosh(a);
        case Do::kTanh: return __builtin_tanh(a);
        case Do::kExp: return __builtin_exp(a);
        case Do::kLog: return __builtin_log(a);
        case Do::kLog10: return __builtin_log10(a);
        case Do::kSqrt: return __builtin_sqrt(a);
        case Do::kHypot: return __builtin_hypot(a, b);
        case Do::kAbs: return __builtin_fabs(a);
        case Do::kSign: return a > 0 ? 1 : a < 0 ? -1 : a;
        case Do::kFloor: return __builtin_floor(a);
        case Do::kCeil: return __builtin_ceil(a);
        case Do::kRemainder: return remainder_of(a, b);
        case Do::kMinimum: return b < a || b != b ? b : a;
        case Do::kMaximum: return b > a || b != b ? b : a;
        default: return 0;
    }
}

// The last outcome, at time t.
static double formula_value(const Operation* operations, Index count, double t) {
    double* const found = static_cast<double*>(__builtin_alloca((count + 1) * sizeof(double)));
    found[0] = t;
    for (Index k = 0; k < count; ++k) {
        const Operation& each = operations[k];
        const Index* const at = each.operands;
        const double outcome = outcome_of(each.kind, found[at[0]], found[at[1]], found[at[2]]);
        found[k + 1] = each.kind == Do::kNumber ? each.number : outcome;
    }
    return found[count];
}
