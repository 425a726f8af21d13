"""A trace of the kernel's calls, told: in values that any form can be made of, on a terminal, and as JSON that can be read back."""
