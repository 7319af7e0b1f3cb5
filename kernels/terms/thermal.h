// B = sqrt(scale alpha T / (gamma Ms)) n with n standard normal and scale = 2 k_B / (V dt); see fdmag/noise.py for n.
//
// Philox4x32-10, J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, SC11 (2011), and Box-Muller. The functions of a
// normal are sums of powers, which a compiler vectorises, to the rounding of `real`. The host draws the numbers of all
// cells ahead of a step (`host/noise.cpp`) and gives them as `drawn`; a GPU computes them where they are needed.
struct Thermal : Parameters {
    using Word = unsigned int;
    using Long = unsigned long long;

    struct Words {
        Word x0, x1, x2, x3;
    };

    static FD_HD Words philox(Words x, Word k0, Word k1) {
        FD_UNROLL
        for (int round = 0; round < 10; ++round) {
            const Long first = Long(0xD2511F53u) * x.x0, second = Long(0xCD9E8D57u) * x.x2;
            x = {Word(second >> 32) ^ x.x1 ^ k0, Word(second), Word(first >> 32) ^ x.x3 ^ k1, Word(first)};
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        return x;
    }

    // sqrt(-2 ln((x + 1/2) / 2^32)).
    static FD_HD real radius(Word x) {
        // With u = 2^e f, sqrt(1/2) <= f < sqrt(2), and s = (f - 1) / (f + 1): ln u = e ln 2 + 2 (s + s^3/3 + ...).
        const real u = (real(x) + real(0.5)) * real(2.3283064365386963e-10);
        real f, e;
        split(u, f, e);
        real above = f - 1, sum_of_both = f + 1;
        if (sizeof(real) == 4) {
            // Where u is close to 1, f - 1 is -v with v = 1 - u = (2^32 - 1 - x + 1/2) / 2^32, which has no rounding
            // error; in double precision f - 1 has none.
            const real v = (real(~x) + real(0.5)) * real(2.3283064365386963e-10);
            const bool close = x > 0xB504F333u;
            e = close ? 0 : e;
            above = close ? -v : above;
            sum_of_both = close ? 2 - v : sum_of_both;
        }
        const real s = above / sum_of_both, q = s * s;
        real sum = 0;
        if (sizeof(real) == 8) {
            sum = real(1.0 / 23);
            sum = fused(sum, q, real(1.0 / 21));
            sum = fused(sum, q, real(1.0 / 19));
            sum = fused(sum, q, real(1.0 / 17));
            sum = fused(sum, q, real(1.0 / 15));
            sum = fused(sum, q, real(1.0 / 13));
        }
        sum = fused(sum, q, real(1.0 / 11));
        sum = fused(sum, q, real(1.0 / 9));
        sum = fused(sum, q, real(1.0 / 7));
        sum = fused(sum, q, real(1.0 / 5));
        sum = fused(sum, q, real(1.0 / 3));
        return square_root(-2 * (e * real(0.6931471805599453) + 2 * (s + s * q * sum)));
    }

    // f and e of u = 2^e f with sqrt(1/2) <= f < sqrt(2).
    static FD_HD void split(real u, real& f, real& e) {
        if (sizeof(real) == 8) {
            const double value = u;
            long long bits;
            FD_COPY(&bits, &value, 8);
            const long long shifted = bits - 0x3FE6A09E667F3BCDll, power = shifted >> 52;
            bits -= power << 52;
            double scaled;
            FD_COPY(&scaled, &bits, 8);
            f = real(scaled);
            e = real(int(power));
        } else {
            const float value = float(u);
            int bits;
            FD_COPY(&bits, &value, 4);
            const int power = (bits - 0x3F3504F3) >> 23;
            bits -= power << 23;
            float scaled;
            FD_COPY(&scaled, &bits, 4);
            f = real(scaled);
            e = real(power);
        }
    }

    // Cosine and sine of 2 pi (x + 1/2) / 2^32.
    static FD_HD void turn(Word x, real& cosine, real& sine) {
        // The angle is a quarter turn for each of the two upper bits, an eighth, and a remainder within an eighth.
        const real a = (real(int(x & 0x3FFFFFFFu) - 0x20000000) + real(0.5)) * real(1.4629180792671596e-09);
        const real q = a * a;
        real c = 0, s = 0;
        if (sizeof(real) == 8) {
            c = real(1.0 / 20922789888000);
            c = fused(c, q, -real(1.0 / 87178291200));
            c = fused(c, q, real(1.0 / 479001600));
            c = fused(c, q, -real(1.0 / 3628800));
            s = real(-1.0 / 1307674368000);
            s = fused(s, q, real(1.0 / 6227020800));
            s = fused(s, q, -real(1.0 / 39916800));
        }
        c = fused(c, q, real(1.0 / 40320));
        c = fused(c, q, -real(1.0 / 720));
        c = fused(c, q, real(1.0 / 24));
        c = fused(c, q, -real(0.5));
        c = fused(c, q, 1);
        s = fused(s, q, real(1.0 / 362880));
        s = fused(s, q, -real(1.0 / 5040));
        s = fused(s, q, real(1.0 / 120));
        s = fused(s, q, -real(1.0 / 6));
        s = a + a * q * s;
        const real x0 = real(0.7071067811865476) * (c - s), y0 = real(0.7071067811865476) * (c + s);
        const bool half = x & 0x80000000u, quarter = x & 0x40000000u;
        const real x1 = quarter ? -y0 : x0, y1 = quarter ? x0 : y0;
        cosine = half ? -x1 : x1;
        sine = half ? -y1 : y1;
    }

    // Three normal numbers of four words.
    static FD_HD vec3 normal(Word x0, Word x1, Word x2, Word x3) {
        const real first = radius(x0), second = radius(x2);
        real c, s, third, unused;
        turn(x1, c, s);
        turn(x3, third, unused);
        return {first * c, first * s, second * third};
    }

    static FD_HD vec3 normals(Index cell, Word replica, Word step, Word node, Word k0, Word k1) {
        const Words x = philox({Word(cell), replica, step, node}, k0, k1);
        return normal(x.x0, x.x1, x.x2, x.x3);
    }

    // A whole number in pieces of 24, 24 and 16 bits.
    static FD_HD Long whole(vec3 pieces) {
        return Long(int(pieces.x)) | Long(int(pieces.y)) << 24 | Long(int(pieces.z)) << 48;
    }

    // Normal numbers of a cell, or increments of a part of the step: see `fdmag.noise.increments`.
    FD_HD vec3 increments(Index i) const {
        const Long seed = whole(key[i]), place = whole(number[i]);
        const Word k0 = Word(seed), k1 = Word(seed >> 32), replica = Word(place), step = Word(place >> 32);
        vec3 n = normals(i, replica, step, 0, k0, k1);
        const int leaf = int(part[i]);
        int divisions = 0;
        while (leaf >> (divisions + 1)) ++divisions;
        for (; divisions > 0; --divisions) {
            const vec3 bridge = normals(i, replica, step, Word(leaf >> divisions), k0, k1);
            const real sign = (leaf >> (divisions - 1)) & 1 ? -1 : 1;
            n = real(0.7071067811865476) * (n + sign * bridge);
        }
        return n;
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        // Two roots: of what is mostly the same everywhere, and of what is not.
        const real deviation = square_root(scale[i] * alpha[i] * T[i] / gamma[i]) * square_root(magnet.inverse_Ms(i));
        return deviation * (drawn.uniform ? increments(i) : drawn[i]);
    }
};
