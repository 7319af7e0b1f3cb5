"""Probabilities too small to be counted: splitting of trajectories, for simulations and macrospins."""

from fdmag.rare_events.particles import MacrospinParticles, Particles, SimulationParticles
from fdmag.rare_events.passages import FirstPassages
from fdmag.rare_events.splitting import Splitting, split

__all__ = ["FirstPassages", "MacrospinParticles", "Particles", "SimulationParticles", "Splitting", "split"]
