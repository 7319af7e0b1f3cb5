"""The device cuda: the same terms and steps on an NVIDIA GPU, through CuPy."""
