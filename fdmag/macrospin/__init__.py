"""Macrospins by the thousand: the stochastic Landau–Lifshitz–Gilbert–Slonczewski equation without a mesh."""

from fdmag.macrospin.ensemble import MacrospinEnsemble, MacrospinRun, thermal_field

__all__ = ["MacrospinEnsemble", "MacrospinRun", "thermal_field"]
