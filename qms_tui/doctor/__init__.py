"""What may hinder agents here, and what to do about it: `qms-tui doctor`.

finding   one line of the report
engine    the engine, and the images on it
selinux   whether labels of files keep agents from what is mounted
trial     a container like an agent's, which looks around
isolation what holds an agent in there; traffic: whether two reach each other
project   the project on disk
left_out    what looks like an agent's and is none
settings    what agents' settings name and is not there
disks       where files are kept, and whether there is room
workspaces  what agents have laid where a human goes
agents    each agent: container, identity, login, memory
servers   MCP servers, by the gateway and from inside agents' containers (inside)
host      files that tell of their changes
terminal  what the terminal around us can do
report    findings for people and for programs
"""

from qms_tui.doctor.finding import Finding, Verdict, failed
from qms_tui.doctor.report import as_json, as_lines
from qms_tui.doctor.rounds import examine

__all__ = ["Finding", "Verdict", "as_json", "as_lines", "examine", "failed"]
