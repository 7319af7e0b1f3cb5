// Formulas of time as lists of operations, which `fdmag/host/formula.py` makes of them.

struct Operation {
    Index kind, operands[3];  // which operation, with which outcomes: 0 is the time, 1 the outcome of the first
    double number;
};

static double remainder_of(double a, double b) {  // with the sign of b, as NumPy has it
    const double rest = __builtin_fmod(a, b);
    if (rest == 0) return __builtin_copysign(0.0, b);
    return (b < 0) != (rest < 0) ? rest + b : rest;
}

static double outcome_of(Index kind, double a, double b, double c) {
    switch (kind) {
        case 1: return a + b;
        case 2: return a - b;
        case 3: return a * b;
        case 4: return a / b;
        case 5: return __builtin_pow(a, b);
        case 6: return -a;
        case 7: return a < b;
        case 8: return a <= b;
        case 9: return a > b;
        case 10: return a >= b;
        case 11: return a == b;
        case 12: return a != b;
        case 13: return a != 0 && b != 0;
        case 14: return a != 0 || b != 0;
        case 15: return a != 0 ? b : c;
        case 16: return __builtin_sin(a);
        case 17: return __builtin_cos(a);
        case 18: return __builtin_tan(a);
        case 19: return __builtin_asin(a);
        case 20: return __builtin_acos(a);
        case 21: return __builtin_atan(a);
        case 22: return __builtin_atan2(a, b);
        case 23: return __builtin_sinh(a);
        case 24: return __builtin_cosh(a);
        case 25: return __builtin_tanh(a);
        case 26: return __builtin_exp(a);
        case 27: return __builtin_log(a);
        case 28: return __builtin_log10(a);
        case 29: return __builtin_sqrt(a);
        case 30: return __builtin_hypot(a, b);
        case 31: return __builtin_fabs(a);
        case 32: return a > 0 ? 1 : a < 0 ? -1 : a;
        case 33: return __builtin_floor(a);
        case 34: return __builtin_ceil(a);
        case 35: return remainder_of(a, b);
        case 36: return b < a || b != b ? b : a;
        case 37: return b > a || b != b ? b : a;
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
        found[k + 1] = each.kind == 0 ? each.number : outcome_of(each.kind, found[at[0]], found[at[1]], found[at[2]]);
    }
    return found[count];
}
