AGENT_COMMAND = ("bash", "--norc")


def make_project(folder, names):
    (folder / ".claude" / "agents").mkdir(parents=True, exist_ok=True)
    for n in names:
        (folder / ".claude" / "agents" / f"{n}.md").touch()
