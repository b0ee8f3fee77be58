"""What a program does with the data, found by walking it as it would run, with labels in the place of numbers.

`trace_of(submission)` walks the entry from its first line, follows every call into the program's own functions, knows
the settings of the run that is claimed, and writes down what matters in the order in which it happens: scores added up,
gradients taken, tables read and written, artifacts written and loaded. Nothing is executed.
"""
