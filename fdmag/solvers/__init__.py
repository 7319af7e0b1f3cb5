"""Time integration and energy minimisation, for any right-hand side on the sphere."""
