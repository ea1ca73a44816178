"""Whether what a project brings may have an effect: asked once, remembered for exactly the bytes judged.

claims         what a project would like to do: its settings, the client's, programs, folders
effects        what a program's own files in a project say, in lines for people
folders        agents' config folders: those made here, those that came with the project
record         what the user has answered for one project, and for which bytes
standing       claims beside a record: trusted, look only, or to be asked
"""

from qms_tui.trust.claims import Claims, ConfigFolder, JudgedFile, read_claims
from qms_tui.trust.folders import ConfigFolders
from qms_tui.trust.record import Answer, FolderIdentity, Record, TrustStore
from qms_tui.trust.standing import Standing, Word, examine, judge

__all__ = [
    "Answer",
    "Claims",
    "ConfigFolder",
    "ConfigFolders",
    "FolderIdentity",
    "JudgedFile",
    "Record",
    "Standing",
    "TrustStore",
    "Word",
    "examine",
    "judge",
    "read_claims",
]
