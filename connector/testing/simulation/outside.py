"""What happens outside of workers: time and lifecycle rules, operators, and whoever else uses the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.testing.simulation.choice import Option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.testing.simulation.processes import Processes
    from connector.testing.simulation.promise import Promise
    from connector.testing.simulation.stage import Stage

_HOUR, _DAY = 3600.0, 86_400.0
_MOST_OUTAGES = 2


class Outside:
    """Everything that is done to Kafka, S3 and the config behind the back of the workers."""

    def __init__(self, stage: Stage, processes: Processes, promise: Promise) -> None:
        self._stage = stage
        self._processes = processes
        self._promise = promise
        self._outages = 0

    @property
    def config(self) -> Mapping[str, str]:
        """The connector's, as of now."""
        return {
            **self._stage.setup.options,
            **(self._stage.setup.changed if "config" in self._stage.happened else {}),
        }

    @property
    def actions(self) -> Mapping[str, Callable[[Any], None]]:
        """What may happen, by the kind of the option."""
        return {
            "tick": self._tick,
            "day": self._day,
            "lifecycle": self._lifecycle,
            "reader": self._reader,
            "vanish": self._vanish,
            "damage": self._damage,
            "outage": self._outage,
            "reset": self._reset,
            "recreate": self._recreate,
            "renew": self._renew,
            "config": self._config,
        }

    def options(self) -> list[Option]:
        """What may happen now, in the setup of the run."""
        found = [Option("tick")] if self._stage.setup.is_wallclock else []
        return [*found, *(each for each in self._possible() if each.kind in self._stage.setup.events)]

    def _possible(self) -> list[Option]:
        once = ("day", "recreate", "renew", "config", *(["reset"] if self._stage.kafka.committed else []))
        found = [Option(kind) for kind in once if kind not in self._stage.happened]
        if self._outages < _MOST_OUTAGES:
            found.append(Option("outage"))
        for upload_id, upload in self._stage.s3.uploads.items():
            if upload.created + _DAY <= self._stage.clock.wall():
                found.append(Option("lifecycle", upload_id))
            if "damage" not in self._stage.happened:
                found += [Option("damage", (upload_id, number)) for number in upload.parts]
        for key in self._stage.s3.objects:
            if not key.startswith(self._stage.setup.state_prefix):
                found.append(Option("reader", key))
            elif "vanish" not in self._stage.happened:
                found.append(Option("vanish", key))
        return found

    # ---- time ----

    def _tick(self, _: None) -> None:
        self._stage.clock.skew += _HOUR

    def _day(self, _: None) -> None:
        self._stage.happened.add("day")
        self._stage.clock.skew += _DAY + 1

    def _outage(self, _: None) -> None:
        """Everything is down for days; a lifecycle rule aborts what is left."""
        self._outages += 1
        self._processes.kill_all()
        self._day(None)
        for upload_id in list(self._stage.s3.uploads):
            if self._stage.chooser.lands():
                self._lifecycle(upload_id)

    # ---- the bucket ----

    def _lifecycle(self, upload_id: str) -> None:
        self._stage.happened.add("lifecycle")
        self._stage.note(f"   aborted: {upload_id}")
        del self._stage.s3.uploads[upload_id]

    def _reader(self, key: str) -> None:
        """Moves away what it has read."""
        del self._stage.s3.objects[key]

    def _vanish(self, key: str) -> None:
        self._stage.happened.add("vanish")
        del self._stage.s3.objects[key]

    def _damage(self, target: tuple[str, int]) -> None:
        self._stage.happened.add("damage")
        upload_id, number = target
        upload = self._stage.s3.uploads[upload_id]
        self._stage.s3.upload_part(
            upload.key, upload_id, number, b"x" * self._stage.setup.habits.smallest_part
        )

    # ---- the topic, its group, the connector ----

    def _reset(self, _: None) -> None:
        """Somebody sets offsets by a tool, which needs the group to be empty."""
        self._stage.happened.add("reset")
        self._processes.kill_all()
        for where, found in self._stage.kafka.committed.items():
            self._stage.kafka.committed[where] = type(found)(found.offset, "")
        self._promise.forget_cuts()

    def _recreate(self, _: None) -> None:
        """The topic is deleted and made again; who reads it starts at its beginning."""
        self._stage.happened.add("recreate")
        self._make_again()
        self._processes.kill_all()

    def _renew(self, _: None) -> None:
        """The same while workers read it: their consumers find their positions gone, and begin again."""
        self._stage.happened.add("renew")
        self._make_again()
        for process in self._processes:
            for consumer in process.consumers:
                consumer.positions = dict.fromkeys(consumer.positions, 0)

    def _make_again(self) -> None:
        self._stage.topic.life += 1
        self._stage.kafka.topic_id = self._stage.topic.id
        self._stage.kafka.logs.update(self._stage.topic.logs)
        self._promise.forget_cuts()

    def _config(self, _: None) -> None:
        """The connector is stopped as if it crashed, and started with other options."""
        self._stage.happened.add("config")
        self._processes.kill_all()
