"""Every attack for some seconds beside a good client: its latency against that of an idle broker, and the broker's memory."""

import argparse
import sys
import time

import scene
from scene import attacks


def measured(broker, name, seconds, count):
    with scene.Resident(broker.process.pid) as resident, scene.Attackers(name, broker.endpoint, count):
        time.sleep(1)
        latencies = scene.publish_for(broker.endpoint, seconds)
    return latencies, resident.peak


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", help="names; all when none is given")
    parser.add_argument("--seconds", type=float, default=8, help="of each attack")
    parser.add_argument("--attackers", type=int, default=1, help="processes of each attack")
    options = parser.parse_args()
    broker = scene.Broker()
    failed = False
    try:
        scene.fill(broker.endpoint)
        print(f"{'attack':32} {'p50 ms':>8} {'p99 ms':>8} {'x idle':>8} {'MiB':>6}")
        for name in options.attacks or attacks.ALL:
            idle = scene.quantile(scene.publish_for(broker.endpoint, options.seconds / 2), 0.99)
            latencies, peak = measured(broker, name, options.seconds, options.attackers)
            p50, p99 = (scene.quantile(latencies, share) for share in (0.5, 0.99))
            print(f"{name:32} {p50:8.2f} {p99:8.2f} {p99 / idle:8.1f} {peak / 2**20:6.0f}", flush=True)
            failed = failed or p99 > 3 * idle or peak > scene.RESIDENT_LIMIT
            if broker.process.poll() is not None:
                print(f"the broker ended with {broker.process.returncode}: see {broker.log.name}")
                return 1
    finally:
        if broker.process.poll() is None:
            broker.stop()
            broker.remove()
    if failed:
        print("over three times idle, or over 512 MiB")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
