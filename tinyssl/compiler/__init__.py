"""From a graph to a program: kernel calls, memory plan, parameters and constants."""

from tinyssl.compiler.program import Program, assemble, compile

__all__ = ["Program", "assemble", "compile"]
