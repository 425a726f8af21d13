"""Floor 3, what was seen and what it means: observations, expectations, findings. Pure."""
