"""proxy.py - for the end-to-end tests: a network that fails.

A TCP proxy in front of a server, in a thread of its own. What it does to the bytes is set at any time, for all
connections: `proxy.up` is the way from the clients to the server, `proxy.down` the way back.
"""
import collections
import queue
import selectors
import socket
import struct
import threading
import time

ROOM = 256 * 1024  # bytes of one way of one connection that wait here at most: then the sender has to wait
TICK_S = 0.004     # how exactly what waits is let go
LINGER_0 = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST


class Way:
    """What happens on one way. delay: seconds that each byte needs; rate: bytes/s of each connection, None: as fast as it
    goes; held: no byte passes, and no end either."""

    def __init__(self):
        self.calm()

    def calm(self):
        self.delay, self.rate, self.held = 0.0, None, False


class Flow:
    """One way of one connection."""

    def __init__(self, source, sink, way, seen):
        self.source, self.sink, self.way, self.seen = source, sink, way, seen
        self.waiting, self.size = collections.deque(), 0  # (when it is due, bytes)
        self.ended = False   # the source sends no more
        self.shut = False    # the sink has been told so: whatever comes yet is thrown away
        self.free_at = 0.0   # with a rate: when the next byte may go

    def readable(self):
        return not self.ended and self.size < ROOM

    def read(self, now):
        data = self.source.recv(65536)
        self.ended = not data
        if data:
            self.seen(data)
        if data and not self.shut:
            self.waiting.append((now + self.way.delay, data))
            self.size += len(data)

    def pass_on(self, now):
        """Returns how many bytes went."""
        went = 0
        while self.waiting and not self.way.held and self.waiting[0][0] <= now and self.free_at <= now:
            due, data = self.waiting.popleft()
            part = data[:max(1, int(self.way.rate * TICK_S))] if self.way.rate else data
            try:
                sent = self.sink.send(part)
            except BlockingIOError:
                sent = 0
            if sent < len(data):
                self.waiting.appendleft((due, data[sent:]))
            self.size -= sent
            went += sent
            if self.way.rate:
                self.free_at = now + sent / self.way.rate
            if not sent:
                break
        if self.ended and not self.waiting and not self.way.held:
            self.shut_down()
        return went

    def shut_down(self):
        if not self.shut:
            self.shut, self.size = True, 0
            self.waiting.clear()
            self.sink.shutdown(socket.SHUT_WR)


class Pair:
    """One connection: the client's socket, the server's, and both ways between."""

    def __init__(self, client, server, proxy, tap):
        self.sockets = {"client": client, "server": server}
        self.up = Flow(client, server, proxy.up, tap.up if tap else lambda data: None)
        self.down = Flow(server, client, proxy.down, tap.down if tap else lambda data: None)
        for s in self.sockets.values():
            s.setblocking(False)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def flows(self):
        return self.up, self.down

    def close(self, side, rst=False):
        s = self.sockets.pop(side, None)
        if not s:
            return
        try:
            if rst:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
            else:
                s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()


class Proxy:
    """Refuses, cuts, holds back, delays, throttles. `open` is whether it takes connections; `target` is the server's port
    and may change. `tap()`, if given, makes an object for each connection, whose up(data) and down(data) get all bytes
    that either end has sent, also those that never arrive."""

    def __init__(self, port, tap=None):
        self.target, self.open, self.tap = port, True, tap
        self.up, self.down = Way(), Way()
        self.connections = 0  # that were made so far
        self.pairs, self.dead, self.failure, self.running = [], [], None, True
        self.commands = queue.SimpleQueue()
        self.wake, self.woken = socket.socketpair()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        for s in (self.listener, self.woken):
            s.setblocking(False)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    # ---- for the test ----

    def hold_answers(self):
        """From now on the server's answers go nowhere, until release()."""
        self._do(lambda: setattr(self.down, "held", True))

    def release(self):
        self._do(lambda: setattr(self.down, "held", False))

    def calm(self):
        """A good network again, for connections that live and those to come."""
        self.open = True
        self._do(lambda: (self.up.calm(), self.down.calm()))

    def cut(self, rst=False, sides=("client", "server")):
        """Ends all connections, with FIN or RST. With one side alone the other is left half-open: it hears no more."""
        def work():
            for pair in self.pairs:
                for side in sides:
                    pair.close(side, rst)
            self.dead += self.pairs
            self.pairs = []
        self._do(work)

    def half_close(self, up):
        """All connections: one way ends, as if its sender had no more to say; the other stays."""
        def work():
            for pair in self.pairs:
                try:
                    (pair.up if up else pair.down).shut_down()
                except OSError:
                    pass
        self._do(work)

    def strand(self):
        """All connections of now go nowhere any more, and neither end is told. New ones are good."""
        def work():
            self.dead += self.pairs
            self.pairs = []
        self._do(work)

    def bury(self, rst=False):
        """Ends what strand() and cut() of one side have left."""
        def work():
            for pair in self.dead:
                for side in ("client", "server"):
                    pair.close(side, rst)
            self.dead = []
        self._do(work)

    def close(self):
        """Ends all. Fails if the tap did."""
        self.open = self.running = False
        self._do(lambda: None)
        self.thread.join()
        for pair in self.pairs + self.dead:
            pair.close("client")
            pair.close("server")
        for s in (self.listener, self.wake, self.woken):
            s.close()
        self.check()

    def check(self):
        if self.failure:
            raise self.failure

    # ---- its thread ----

    def _do(self, work):
        """Has the thread do it, which alone touches the connections; waits until it is done."""
        if not self.thread.is_alive():
            return
        done = threading.Event()
        self.commands.put((work, done))
        self.wake.send(b"x")
        while not done.wait(0.5) and self.thread.is_alive():
            pass

    def _run(self):
        try:
            while self.running:
                self._turn()
        except Exception as error:  # told by check()
            self.failure = error
        while not self.commands.empty():
            self.commands.get()[1].set()

    def _turn(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.woken, selectors.EVENT_READ)
            selector.register(self.listener, selectors.EVENT_READ)
            by_socket = {}
            for pair in self.pairs:
                for flow in pair.flows():
                    if flow.readable():
                        selector.register(flow.source, selectors.EVENT_READ)
                        by_socket[flow.source] = pair, flow
            busy = any(flow.waiting for pair in self.pairs for flow in pair.flows())
            ready = [key.fileobj for key, _ in selector.select(TICK_S if busy else 0.1)]
        if self.woken in ready:
            self.woken.recv(4096)
        for s in ready:
            if s in by_socket:
                self._guard(by_socket[s][0], lambda: by_socket[s][1].read(time.monotonic()))
        for pair in list(self.pairs):
            for flow in pair.flows():
                self._guard(pair, lambda: flow.pass_on(time.monotonic()))
            if pair.up.shut and pair.down.shut and pair in self.pairs:
                self._end(pair)
        while not self.commands.empty():
            work, done = self.commands.get()
            work()
            done.set()
        if self.listener in ready:
            self._accept()

    def _guard(self, pair, work):
        """An end that resets its connection resets the other's, unless nothing passes."""
        if pair not in self.pairs:
            return
        try:
            work()
        except OSError:
            if self.up.held or self.down.held:
                self.pairs.remove(pair)
                self.dead.append(pair)
            else:
                self._end(pair, rst=True)

    def _end(self, pair, rst=False):
        self.pairs.remove(pair)
        pair.close("client", rst)
        pair.close("server", rst)

    def _accept(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        try:
            assert self.open
            server = socket.create_connection(("127.0.0.1", self.target))
        except (OSError, AssertionError):
            client.close()
            return
        self.connections += 1
        self.pairs.append(Pair(client, server, self, self.tap and self.tap()))
