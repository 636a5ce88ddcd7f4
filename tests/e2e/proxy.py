"""proxy.py - for the end-to-end tests: a network that fails."""
import socket
import threading


class Proxy:
    """A TCP proxy in front of a server: refuses, cuts, holds back. `open` is whether it takes connections."""

    def __init__(self, port):
        self.target, self.open, self.pairs = port, True, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.flowing = threading.Event()
        self.flowing.set()
        self.forwarded = 0  # bytes from client to server
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                assert self.open
                server = socket.create_connection(("127.0.0.1", self.target))
            except (OSError, AssertionError):
                client.close()
                continue
            self.pairs.append((client, server))
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source, target, up):
        try:
            while data := source.recv(65536):
                if not up:
                    self.flowing.wait()
                target.sendall(data)
                self.forwarded += len(data) if up else 0
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def hold_answers(self):
        """From now on the server's answers go nowhere, until release()."""
        self.flowing.clear()

    def release(self):
        self.flowing.set()

    def cut(self):
        """Ends all connections that there are."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()

    def close(self):
        self.open = False
        self.listener.close()
        self.flowing.set()
        self.cut()
