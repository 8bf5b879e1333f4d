"""How much of a screen a model can read of what it is sent, and what that costs."""
