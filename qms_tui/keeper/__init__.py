"""What goes on while nobody looks: the journal of every agent's output.

`paths` says where a project's keeper has its files, `journal` is the file part of it.
"""
