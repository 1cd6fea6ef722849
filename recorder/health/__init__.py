"""How the room and the node do: the self-test before a hearing, the alarms in it."""
