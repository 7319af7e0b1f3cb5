"""What is computed, by us and by every peer: material, field and meshes. No imports beyond Python's own."""

MESHES = {
    "64²": (64, 64, 1),
    "256²": (256, 256, 1),
    "512²": (512, 512, 1),
    "1024²": (1024, 1024, 1),
    "64³": (64, 64, 64),
    "128×128×64": (128, 128, 64),
}
"""Cells (x, y, z) by the name of the mesh."""

PRECISIONS = ("float64", "float32")
CELL_SIZE = (2.5e-9, 2.5e-9, 3e-9)  # m
MU_0 = 1.25663706127e-6  # V s/(A m), CODATA 2022

MS = 8e5  # A/m
A = 13e-12  # J/m
ALPHA = 0.02
KU = 5e4  # J/m³, along z
MORE = {"DMI": 1.5, "Ks and STT": 1.25, "A and D per cell": 2.0}  # how much longer a right-hand side may take with it
D, KS, P, J = 3e-3, 1e-4, 0.6, 1e10  # J/m², J/m², 1, A/m², of the interfacial DMI and a junction
B = (0.02, 0.005, 0.01)  # T

FILM_CELLS = (200, 50, 1)  # standard problem 4 in cells of 2.5 nm
FILM_GAMMA = 2.211e5 / MU_0  # rad/(s T), as the problem says
FILM_FIELDS = ((-24.6e-3, 4.3e-3, 0.0), (-35.5e-3, -6.3e-3, 0.0))  # T
FILM_INTERVAL = 5e-12  # s, at which ⟨m⟩ is looked at

SPIN_MS, SPIN_B_K, SPIN_ALPHA, SPIN_P, SPIN_J, SPIN_T = 1e6, 0.3, 0.01, 0.6, 1e10, 300.0  # A/m, T, 1, 1, A/m², K
SPIN_DIAMETER, SPIN_THICKNESS = 20e-9, 1e-9  # m
SPIN_START = (0.1, 0.0, 1.0)


def n_cells(cells: tuple[int, int, int]) -> int:
    """Return the number of cells.

    >>> n_cells((4, 3, 2))
    24
    """
    return cells[0] * cells[1] * cells[2]
