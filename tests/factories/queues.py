"""The embedded broker lives as long as the process: what one test leaves in it would reach the next one's worker."""

from storage.queue import EMBEDDED_BROKER, make_queue


def empty_embedded_broker() -> None:
    app = make_queue(EMBEDDED_BROKER)
    with app.connection_for_write() as connection:
        for queue in app.conf.task_queues:
            queue(connection.default_channel).declare()
            connection.default_channel.queue_purge(queue.name)
