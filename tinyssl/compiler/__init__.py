"""From a graph to kernel calls and a memory plan."""
