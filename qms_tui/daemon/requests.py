"""What clients ask for: allowed or refused, and done by the core."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from msgspec.structs import replace

from qms_tui import __version__
from qms_tui.api import commands as api
from qms_tui.api.commands import COMMANDS, LONGEST_SEARCH, VERSION, Done
from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.api.inbox import ItemPreview
from qms_tui.api.snapshot import Snapshot
from qms_tui.core import AgentState, AgentView, Core
from qms_tui.core.state import HELD, STARTABLE
from qms_tui.daemon import mapping
from qms_tui.daemon.callers import caller_of
from qms_tui.daemon.host import Host
from qms_tui.daemon.inbox_items import find_items
from qms_tui.daemon.publisher import Publisher
from qms_tui.inbox import Item, reply_to, subject_of
from qms_tui.runtime import Size
from qms_tui.runtime.caller import Caller
from qms_tui.text.printable import plain

_log = logging.getLogger(__name__)

LONGEST_NAME = 80  # characters of what a client calls something that are repeated to it
LARGEST = 4096  # columns, or lines, of a terminal
MOST_COLORS = 300  # of a screen: a palette, and what else has a colour
DONE = Done()
Handler = Callable[[Any], Any | Awaitable[Any]]


class Requests:
    """One client's, within the event loop. Methods raise ApiError, or the core's errors."""

    def __init__(
        self, core: Core, publisher: Publisher, servers_in_view: set[object], host: Host | None = None
    ) -> None:
        """`servers_in_view` are the clients that show how the MCP servers stand; `host` is the process
        around the core, if there is one of its own."""
        self._core, self._publisher, self._servers_in_view = core, publisher, servers_in_view
        self._process = host
        self._caller: Caller | None = None
        self._wish: api.Hold | None = None  # what this client's human has said of agents
        self._has_said_hello = False
        self.handlers: Mapping[str, Handler] = {name: getattr(self, name) for name in COMMANDS}

    def check(self, method: str) -> None:
        """Raises ApiError if it cannot be params for now."""
        if method not in COMMANDS:
            names = ", ".join(COMMANDS)
            said = f"there is no method {_shown(method)}"
            raise ApiError(ErrorCode.UNKNOWN_METHOD, said, f"there are: {names}")
        if not self._has_said_hello and method != api.HELLO.name:
            raise ApiError(ErrorCode.NO_HELLO, "the client has not said who it is", "call hello first")

    def forget(self) -> None:
        """The client is gone: it looks at nothing."""
        self._core.look_at(None, self)
        self.show_servers(api.ShowServers(False))

    # -- the daemon itself ------------------------------------------------------------------------------

    def hello(self, params: api.Hello) -> api.Welcome:
        """Who asks, and who answers."""
        if not VERSION.understands(params.version):
            raise ApiError(
                ErrorCode.OTHER_VERSION,
                f"the client speaks {params.version}, the daemon {VERSION}",
                f"use a client for API {VERSION.major}, such as that of qms-tui {__version__}",
            )
        self._has_said_hello = True
        _log.info("a client says hello: %s, in version %s", _shown(params.client), params.version)
        return api.Welcome(VERSION, __version__, str(self._core.project.root))

    def subscribe(self, params: api.Nothing) -> Snapshot:
        """Everything that has been published."""
        return self._publisher.mirror.snapshot

    def status(self, params: api.Nothing) -> api.Status:
        """How the daemon does."""
        return self._host.status()

    def set_environment(self, params: api.Environment) -> Done:
        """What agents start with from now on, whom this client or a policy starts."""
        self._caller = caller_of(params)
        self._host.come(self._caller)
        return DONE

    async def hold(self, params: api.Hold) -> api.Held:
        """Hold these agents, with what the human says of them."""
        held = await self._host.hold(params, self._caller)
        if not params.trial:
            self._wish = params
        return held

    async def reload(self, params: api.Nothing) -> Done:
        """Read again what is configured."""
        await self._host.reload()
        return DONE

    def ping(self, params: api.Nothing) -> Done:
        """The daemon answers: it does not hang."""
        return DONE

    # -- agents -----------------------------------------------------------------------------------------

    def roster(self, params: api.Nothing) -> api.Names:
        """Everybody who may be added, and who has been."""
        return api.Names(self._core.roster())

    async def add(self, params: api.Add) -> Done:
        """Take an agent of the project in."""
        name, core = params.agent, self._core
        if name in core.agents:
            raise ApiError(ErrorCode.WRONG_STATE, f"{name} is one of the agents already", "open it")
        if name not in (roster := core.roster()):
            raise _no_agent(name, roster)
        if self._process is not None and self._wish is not None:  # it runs as those of this client do
            wish = replace(self._wish, agents=(name,), start=False, open=params.open, again=True)
            await self._process.hold(wish, self._caller)
            return DONE
        self._ask(name)
        core.add(name)
        self._publisher.show(core.view(name))
        if params.open:
            core.open(name)
        return DONE

    def open(self, params: api.OfAgent) -> Done:
        """Find the program, or start it if its policy says so."""
        view = self._closed(params.agent)
        self._ask(view.name)
        self._core.open(view.name)
        return DONE

    def find(self, params: api.OfAgent) -> Done:
        """Find the program, which the client has seen; one that is not there has ended."""
        self._core.find(self._closed(params.agent).name)
        return DONE

    def restart(self, params: api.Restart) -> Done:
        """End its program if it has one, and start it."""
        view = self._restartable(params.agent)
        self._ask(view.name)
        self._core.restart(view.name, fresh=params.fresh)
        return DONE

    def rebuild(self, params: api.OfAgent) -> Done:
        """Build its image, then restart it."""
        view = self._restartable(params.agent)
        if not view.isolated:
            said = f"{view.name} runs on this machine, without an image"
            raise ApiError(ErrorCode.WRONG_STATE, said, "restart it")
        self._ask(view.name)
        self._core.rebuild(view.name)
        return DONE

    def stop(self, params: api.OfAgent) -> Done:
        """End its program."""
        view = self._view(params.agent)
        if view.state in (AgentState.ABSENT, AgentState.ENDED) and not view.clearing and not view.plan:
            hint = "there is nothing to stop; restart starts it"
            raise ApiError(ErrorCode.WRONG_STATE, f"{view.name} does not run: {view.state.value}", hint)
        self._core.stop(view.name)
        return DONE

    def unpause(self, params: api.OfAgent) -> Done:
        """Let its program go on."""
        view = self._view(params.agent)
        if view.state is not AgentState.PAUSED:
            hint = "only a paused agent can be unpaused"
            raise ApiError(ErrorCode.WRONG_STATE, f"{view.name} is not paused: {view.state.value}", hint)
        self._core.unpause(view.name)
        return DONE

    def wake(self, params: api.Wake) -> Done:
        """Have it told of items in its inbox."""
        view = self._view(params.agent)
        if view.state not in HELD:
            hint = "start it: then it is told of what waits in its inbox"
            raise ApiError(ErrorCode.WRONG_STATE, f"{view.name} does not run: {view.state.value}", hint)
        self._core.wake(view.name, [self._item(view.name, each).file for each in params.items])
        return DONE

    def explain(self, params: api.OfAgent) -> api.Explanation:
        """Why its state is what it is."""
        return mapping.explanation(self._core.explain(self._view(params.agent).name))

    # -- what the human sees ----------------------------------------------------------------------------

    def look_at(self, params: api.LookAt) -> Done:
        """The human looks at one agent here, or at none."""
        self._core.look_at(self._view(params.agent).name if params.agent else None, self)
        return DONE

    def resize(self, params: api.Resize) -> Done:
        """A screen shows it so."""
        view = self._view(params.agent)
        if not (0 < params.columns <= LARGEST and 0 < params.lines <= LARGEST):
            said = f"{params.columns}x{params.lines} is no size of a terminal"
            raise ApiError(ErrorCode.WRONG_PARAMETERS, said, f"give 1 to {LARGEST} columns and lines")
        self._core.resize(view.name, Size(params.columns, params.lines))
        return DONE

    def show_colors(self, params: api.ShowColors) -> Done:
        """A screen has these colours."""
        every = {each.key: (each.red, each.green, each.blue) for each in params.colors[:MOST_COLORS]}
        if any(not 0 <= part <= 255 for color in every.values() for part in color):
            raise ApiError(ErrorCode.WRONG_PARAMETERS, "there is no such colour", "give 0 to 255 of each")
        self._core.show_colors(every)
        return DONE

    def show_servers(self, params: api.ShowServers) -> Done:
        """The human sees the MCP servers here, or no more."""
        if params.in_view:
            self._servers_in_view.add(self)
        else:
            self._servers_in_view.discard(self)
        self._core.show_servers(bool(self._servers_in_view))
        return DONE

    # -- inboxes ----------------------------------------------------------------------------------------

    def recipients(self, params: api.Nothing) -> api.Names:
        """Everybody who can be written to."""
        return api.Names(self._core.recipients())

    async def send(self, params: api.Send) -> Done:
        """Write a message of the human's."""
        subject = params.subject or subject_of(params.body)
        await self._core.send(params.recipients, subject, params.body)
        return DONE

    def find_items(self, params: api.FindItems) -> api.Items:
        """Items that wait or were consumed."""
        if len(params.words) > LONGEST_SEARCH:
            said = f"there are {len(params.words)} characters to look for"
            raise ApiError(ErrorCode.WRONG_PARAMETERS, said, f"give at most {LONGEST_SEARCH}")
        return find_items(self._core, mapping.wish(params))

    def answer_to(self, params: api.OfItem) -> api.Answer:
        """How it is answered, also after it was consumed."""
        reply = reply_to(self._known_item(params.agent, params.item), self._core.recipients())
        return api.Answer(reply.to, reply.subject)

    async def preview(self, params: api.OfItem) -> ItemPreview:
        """What an item's file says."""
        return mapping.preview(await self._core.preview(self._item(params.agent, params.item)))

    async def put_away(self, params: api.OfItem) -> api.Place:
        """Move an item into the archive; where it is then, to be shown."""
        return api.Place(plain(str(await self._core.put_away(self._item(params.agent, params.item)))))

    def inbox_folder(self, params: api.OfAgent) -> api.Place:
        """Where its inbox is; agents need not be opened for that."""
        if params.agent not in (recipients := self._core.recipients()):
            raise _no_agent(params.agent, recipients)
        return _place(self._core.inbox(params.agent))

    def item_file(self, params: api.OfItem) -> api.Place:
        """Which file it is, or was, to be opened."""
        item = self._known_item(params.agent, params.item)
        return _place(self._core.inbox(item.agent) / item.file)

    async def path_inside(self, params: api.Outside) -> api.Inside:
        """How the agent sees a file of this machine."""
        path = os.fsdecode(unquote_to_bytes(params.path))
        found = await self._host.path_inside(self._view(params.agent).name, path)
        return api.Inside(quote_from_bytes(os.fsencode(found)) if found else "")

    # -- what is allowed --------------------------------------------------------------------------------

    @property
    def _host(self) -> Host:
        if self._process is None:
            said = "the core is in no process of its own"
            raise ApiError(ErrorCode.NOT_ALLOWED, said, "ask a project's daemon")
        return self._process

    def _ask(self, agent: str) -> None:
        """What starts now has this client's environment."""
        if self._process is not None:
            self._process.ask(agent, self._caller)

    def _view(self, name: str) -> AgentView:
        if name not in self._core.agents:
            raise _no_agent(name, [agent.name for agent in self._core.agents])
        return self._core.view(name)

    def _closed(self, name: str) -> AgentView:
        view = self._view(name)
        if view.state not in STARTABLE:
            hint = "restart it to have another program"
            raise ApiError(ErrorCode.WRONG_STATE, f"{name} is open: {view.state.value}", hint)
        return view

    def _restartable(self, name: str) -> AgentView:
        view = self._view(name)
        if view.foreign and view.state not in STARTABLE:
            said = f"{name} goes on: only the user who has started it restarts it"
            raise ApiError(ErrorCode.NOT_ALLOWED, said, f"if it may be ended: qms-tui stop {name}")
        return view

    def _item(self, agent: str, id: str) -> Item:
        item = mapping.waiting_item(self._core, agent, id)
        if item is None:
            said = f"no such item waits in the inbox of {_shown(agent)}"
            raise ApiError(ErrorCode.UNKNOWN_ITEM, said, "it may have been consumed: look at the inbox again")
        return item

    def _known_item(self, agent: str, id: str) -> Item:
        item = mapping.known_item(self._core, agent, id)
        if item is None:
            said = f"there is no such item of {_shown(agent)}"
            raise ApiError(ErrorCode.UNKNOWN_ITEM, said, "look at the inbox again")
        return item


def _place(path: Path) -> api.Place:
    """Never another path than this one."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        said = f"{plain(os.fspath(path))}: its name has bytes that are not UTF-8"
        raise ApiError(ErrorCode.FAILED, said, "rename it, then try again") from None
    return api.Place(os.fspath(path))


def _no_agent(name: str, agents: tuple[str, ...] | list[str]) -> ApiError:
    hint = f"there are: {', '.join(agents)}" if agents else "there are none"
    return ApiError(ErrorCode.UNKNOWN_AGENT, f"{_shown(name)} is not one of the agents", hint)


def _shown(name: str) -> str:
    return plain(name[:LONGEST_NAME])
