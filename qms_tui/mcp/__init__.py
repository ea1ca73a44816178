"""The MCP gateway: serves each agent the configured servers through a Unix socket of its own.

A process of its own (`python -m qms_tui.mcp`), started and watched over by the keeper, so that a fault in it
or its memory never touches the journals. It starts each server once for all agents, and is to it a client
that says which agent asks; who that is, it knows from the socket.

places      where its files are
jsonrpc     messages: kinds, errors, the identity in them
door        an agent's socket, and what comes in through it, within bounds
hall        the way in over TCP, and tokens the secrets that say there who comes
session     one client of an agent: numbered messages, calls, what is kept until it has arrived
server      a server: its state, waiting for it, what is tried again; its lists from the last time
stdio, http the two ways to speak to one, process for those that are started here
gateway     all of it together
client      what a client is told to find its servers
lights      how servers stand, for the screen
status      asking a gateway how it stands
"""
