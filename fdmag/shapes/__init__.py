"""Shapes: where the material is. Solids, images and polygons, combined with ``|``, ``-``, ``&`` and moved about.

Lengths are in metres, angles in radians. Shapes are immutable: every operation returns another shape.

Which cells a shape fills is decided by their centres, and by one rule for centres exactly on its boundary:

* **flat faces are half-open**: a lower face (towards -x, -y, -z) belongs to the shape, an upper one does not. So a
  box of n cells fills exactly n cells wherever it lies, and shapes side by side neither overlap nor leave a gap.
* **curved faces are closed**, so that a disc stays symmetric.

"Exactly" is meant within a billionth of the shape's size, because coordinates such as 3 * 1e-9 are rounded.

>>> from fdmag.mesh import Mesh
>>> ring = Cylinder(diameter=8e-9) - Cylinder(diameter=4e-9)
>>> ring.fill(Mesh(cells=(8, 8, 1), cell_size=(1e-9, 1e-9, 1e-9))).astype(int)[0, :4]
array([[0, 0, 1, 1, 1, 1, 0, 0],
       [0, 1, 1, 1, 1, 1, 1, 0],
       [1, 1, 1, 0, 0, 1, 1, 1],
       [1, 1, 0, 0, 0, 0, 1, 1]])
"""

from fdmag.shapes.image import ImageMask
from fdmag.shapes.mesh_file import MeshFile
from fdmag.shapes.repeat import Repeat
from fdmag.shapes.rough import Rough
from fdmag.shapes.shape import Difference, Intersection, Rotate, Shape, Translate, Union
from fdmag.shapes.solids import Box, Cylinder, Ellipse, Ellipsoid, Polygon, Sphere
from fdmag.shapes.track import Notch, Trapezoid

__all__ = [
    "Box",
    "Cylinder",
    "Difference",
    "Ellipse",
    "Ellipsoid",
    "ImageMask",
    "Intersection",
    "MeshFile",
    "Notch",
    "Polygon",
    "Repeat",
    "Rotate",
    "Rough",
    "Shape",
    "Sphere",
    "Translate",
    "Trapezoid",
    "Union",
]
