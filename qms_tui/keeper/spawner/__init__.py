"""The spawner: starts programs of this machine, keeps their terminals, and outlives screens and keepers.

`messages.py` is what is said on its socket, `client.py` the way to it, `request.py` what a start is made of;
`program.py` has one program, `server.py` all of them, `__main__.py` the process.
"""
