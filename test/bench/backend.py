"""What the memory of a backend is, seen from outside by /proc."""
import threading
import time


def memory(pid):
    """Bytes by name (VmRSS, VmHWM, RssAnon, RssShmem, ...) and Threads."""
    values = {}
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        for line in status:
            name, _, rest = line.partition(":")
            words = rest.split()
            if len(words) == 2 and words[1] == "kB":
                values[name] = 1024 * int(words[0])
            elif name == "Threads":
                values[name] = int(words[0])
    return values


def reset_peak(pid):
    """Sets VmHWM to what is resident now.  Needs root or the server's user."""
    with open("/proc/%d/clear_refs" % pid, "w", encoding="ascii") as refs:
        refs.write("5")


class Sampler(threading.Thread):
    """The largest RssAnon seen while it runs, looking every millisecond."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.done = threading.Event()

    def run(self):
        while not self.done.is_set():
            self.peak = max(self.peak, memory(self.pid)["RssAnon"])
            time.sleep(0.001)

    def stop(self):
        self.done.set()
        self.join()
        return self.peak
