"""Boards, instruction sets, and the kernels of each instruction set."""
