"""What a daemon and its clients say to each other: values, commands, the wire, and the client.

agents inbox snapshot   values, each a frozen msgspec.Struct: cheaper to import than a dataclass
deltas commands         what the daemon tells by itself, and what it can be asked for
errors                  why a request was refused, or the connection lost
wire                    JSON-RPC 2.0, one JSON text a line
mirror client           a client's copy of what the daemon knows, and the way there
schema                  all of it as JSON Schema
"""
