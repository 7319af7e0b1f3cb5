"""Shapes drawn as pictures: upright, and inside where the picture says so."""

import numpy as np
import pytest

from fdmag.errors import FileFormatError, ParameterError
from fdmag.mesh import Mesh
from fdmag.shapes import Box, ImageMask, Sphere
from tests.closeness import close

NM = 1e-9
MESH = Mesh(cells=(20, 16, 4), cell_size=(NM, NM, NM))


class TestImageMask:
    """Row 0 is the top; dark is inside for pictures, 1 is inside for arrays."""

    LETTER = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0]])  # an upright F

    def filled(self, *args, **kwargs):
        mesh = Mesh(cells=(3, 5, 2), cell_size=(NM, NM, NM), origin=(7e-9, -3e-9, 0))
        return ImageMask(*args, **kwargs).fill(mesh).astype(int)

    def test_array_stands_upright_on_any_mesh(self):
        for layer in self.filled(self.LETTER):
            np.testing.assert_array_equal(layer[::-1], self.LETTER)
        np.testing.assert_array_equal(self.filled(self.LETTER == 1)[0, ::-1], self.LETTER)

    def test_invert_and_threshold(self):
        np.testing.assert_array_equal(self.filled(self.LETTER, invert=True)[0, ::-1], 1 - self.LETTER)
        np.testing.assert_array_equal(self.filled(self.LETTER * 100, threshold=100)[0, ::-1], self.LETTER)
        assert not self.filled(self.LETTER * 100, threshold=100.5).any()

    @pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "I;16"])
    def test_pictures_in_all_modes(self, tmp_path, mode):
        Image = pytest.importorskip("PIL.Image")
        if mode == "I;16":
            picture = Image.fromarray((65535 * (1 - self.LETTER)).astype(np.uint16))
        elif mode == "RGBA":  # black on transparent
            pixels = np.zeros((5, 3, 4), np.uint8)
            pixels[..., 3] = 255 * self.LETTER
            picture = Image.fromarray(pixels)
        else:
            picture = Image.fromarray((255 * (1 - self.LETTER)).astype(np.uint8)).convert(mode)
        picture.save(tmp_path / "F.png")
        np.testing.assert_array_equal(self.filled(tmp_path / "F.png")[0, ::-1], self.LETTER)
        np.testing.assert_array_equal(self.filled(str(tmp_path / "F.png"), invert=True)[0, ::-1], 1 - self.LETTER)

    def test_grey_is_compared_with_the_threshold(self, tmp_path):
        Image = pytest.importorskip("PIL.Image")
        Image.fromarray(np.array([[100, 150]], np.uint8)).save(tmp_path / "grey.png")
        for threshold, expected in ((0.3, [0, 0]), (0.5, [1, 0]), (0.7, [1, 1])):
            mask = ImageMask(tmp_path / "grey.png", (2 * NM, NM), threshold)
            np.testing.assert_array_equal(mask.contains([-0.5 * NM, 0.5 * NM], 0, 0).astype(int), expected)

    def test_npy_file(self, tmp_path):
        np.save(tmp_path / "F.npy", self.LETTER)
        np.testing.assert_array_equal(self.filled(tmp_path / "F.npy")[0, ::-1], self.LETTER)

    def test_size_and_center_place_the_picture(self):
        shape = ImageMask(self.LETTER, size=(6 * NM, 10 * NM), center=(1 * NM, 0))
        assert shape.fill(MESH).sum() == 4 * self.LETTER.sum() * 4
        assert shape.bounds[0][:2] == close((-2 * NM, -5 * NM))
        assert not shape.contains(5 * NM, 4 * NM, 0)
        assert shape.contains(3.9 * NM, 4.9 * NM, 0)

    def test_size_from_the_mesh_reaches_into_combinations(self):
        shape = (ImageMask([[1, 0]]) | Sphere(NM, center=(8 * NM, 0, 0))).translate((2 * NM, 0, 0)).rotate(0.0)
        mask = (shape - Box((4 * NM, None, None))).fill(MESH)
        assert mask[0, 0].astype(int).tolist() == [0, 0] + [1] * 6 + [0] * 12

    def test_without_size_or_mesh_it_says_so(self):
        with pytest.raises(ParameterError, match="size"):
            ImageMask([[1, 0]]).contains(0, 0, 0)

    def test_source_is_copied(self):
        source = np.ones((2, 2), dtype=bool)
        shape = ImageMask(source, size=(NM, NM))
        source[:] = False
        assert shape.contains(0, 0, 0)

    @pytest.mark.parametrize("source", [np.zeros(3), np.zeros((0, 3)), np.zeros((2, 2), complex), [[np.nan, 1]]])
    def test_wrong_arrays_are_refused(self, source):
        with pytest.raises(ParameterError, match="ImageMask"):
            ImageMask(source)

    @pytest.mark.parametrize("name", ["a.png", "a.npy"])
    def test_wrong_files_are_refused(self, tmp_path, name):
        pytest.importorskip("PIL.Image")
        (tmp_path / name).write_text("no picture")
        with pytest.raises(FileFormatError, match=name):
            ImageMask(tmp_path / name)
