"""Physical constants in SI units, and the micromagnetic conventions built on them.

Source: CODATA 2018 (E. Tiesinga et al., Rev. Mod. Phys. 93, 025010 (2021)); the values
marked exact are fixed by the 2019 revision of the SI.
"""

from math import pi

ELEMENTARY_CHARGE = 1.602176634e-19
"""e [C], exact."""
BOLTZMANN = 1.380649e-23
"""k_B [J/K], exact."""
HBAR = 6.62607015e-34 / (2 * pi)
"""ħ [J s], exact."""
MU_0 = 1.25663706212e-6
"""µ0 [T m/A]."""
BOHR_MAGNETON = 9.2740100783e-24
"""µ_B [J/T]."""
GAMMA_E = 1.76085963023e11
"""|γ_e| [rad/(s T)], magnitude of the electron's gyromagnetic ratio: the default γ."""
