"""When a request may be sent: limits a minute, waits that the endpoint asks for, back-off."""

from collections import deque
from dataclasses import dataclass

from lilliput.stories.writing.protocol import draw_for

MINUTE_S = 60.0
_JITTER_SEED = 0x6A697474  # apart from the draws of stories


@dataclass
class _Sent:
    name: str
    at_s: float
    tokens: int


class Window:
    """Requests and tokens of any sixty seconds stay within their limits. Times are in seconds."""

    def __init__(self, requests: int | None, tokens: int | None) -> None:
        self._requests, self._tokens = requests, tokens
        self._sent: deque[_Sent] = deque()
        self._by_name: dict[str, _Sent] = {}
        self._held = 0  # tokens of all in `_sent`
        self._quiet_until_s = 0.0

    def wait_s(self, now_s: float, tokens: int) -> float:
        """How long a request of `tokens` has to wait; 0 if it may be sent now."""
        self._forget(now_s)
        free_s = max(now_s, self._quiet_until_s)
        count, held = len(self._sent), self._held
        for sent in self._sent:
            over = self._requests is not None and count + 1 > self._requests
            if not over and (self._tokens is None or held + tokens <= self._tokens):
                break
            count, held = count - 1, held - sent.tokens
            free_s = max(free_s, sent.at_s + MINUTE_S)
        return free_s - now_s

    def send(self, name: str, at_s: float, tokens: int) -> None:
        """A request is sent that will take up to `tokens`."""
        sent = _Sent(name, at_s, tokens)
        if self._requests is not None or self._tokens is not None:
            self._sent.append(sent)
            self._by_name[name] = sent
            self._held += tokens

    def settle(self, name: str, tokens: int) -> None:
        """The request took `tokens` and no more."""
        sent = self._by_name.get(name)
        if sent is not None and tokens < sent.tokens:
            self._held += tokens - sent.tokens
            sent.tokens = tokens

    def be_quiet(self, until_s: float) -> None:
        """Nothing may be sent before `until_s`."""
        self._quiet_until_s = max(self._quiet_until_s, until_s)

    def _forget(self, now_s: float) -> None:
        while self._sent and self._sent[0].at_s + MINUTE_S <= now_s:
            sent = self._sent.popleft()
            self._held -= sent.tokens
            del self._by_name[sent.name]


def backoff_s(seed: int, number: int, failures: int, *, first_s: float, longest_s: float) -> float:
    """The wait after the `failures`-th failure in a row: doubling, and somewhere in its upper half."""
    whole = min(longest_s, first_s * 2.0 ** min(failures - 1, 40))
    share = draw_for(seed ^ _JITTER_SEED, number, failures).below(1 << 20) / (1 << 20)
    return whole * (0.5 + share / 2)
