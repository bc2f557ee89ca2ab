"""Stories per second of the built-in world on one core: python benchmarks/world_speed.py [COUNT]"""

import json
import platform
import sys
import time

from lilliput.stories.world import iter_world


def measure_world_speed(count: int) -> dict[str, object]:
    """Tell `count` stories; returns rates per second of wall time and of processor time."""
    for _ in iter_world(seed=1, count=1000):  # caches filled, as in any long run
        pass
    words = 0
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for story in iter_world(seed=2, count=count):
        words += story.text.count(" ") + story.text.count("\n") + 1
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    return {
        "name": "world_speed",
        "stories": count,
        "stories_per_second": round(count / wall_s),
        "stories_per_cpu_second": round(count / cpu_s),
        "words_per_story": round(words / count, 1),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    print(json.dumps(measure_world_speed(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)))
