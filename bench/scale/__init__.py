"""What many machines carry: sizes from measured costs, and a simulation; docs/scale.md."""
