"""What a client shows of a log: the messages as all that became of them since
has made them, by the rules of docs/client-behaviour.md."""


def message(event):
    """A message as its own event has it; it may have been changed already."""
    return {
        "from": event["from"],
        "body": event["body"],
        "edited": "edited" in event,
        "deleted": "deleted" in event,
        "changed": event.get("changed", 0),
        "reactions": {user: r["emoji"] for r in event.get("reactions", [])
                      for user in r["users"]},
    }


def edited(shown, event):
    shown["body"] = {
        **{k: v for k, v in shown["body"].items() if k == "reply_to"},
        **{k: v for k, v in event["body"].items() if k != "seq"}}
    shown["edited"] = True


def deleted(shown, _event):
    shown.update(body={}, edited=False, deleted=True, reactions={})


def reacted(shown, event):
    shown["reactions"].pop(event["from"], None)
    if event["body"]["emoji"]:
        shown["reactions"][event["from"]] = event["body"]["emoji"]


CHANGES = {"message.edited": edited, "message.deleted": deleted,
           "message.reacted": reacted}


def fold(events):
    """{seq: message} of {seq: event}, without the seq of the last change."""
    shown = {}
    for seq in sorted(events):
        event = events[seq]
        if event["kind"] == "message":
            shown[seq] = message(event)
        target = shown.get(event.get("body", {}).get("seq"))
        change = CHANGES.get(event["kind"])
        if change and target and seq > target["changed"]:
            change(target, event)
    return {seq: {k: v for k, v in one.items() if k != "changed"}
            for seq, one in shown.items()}
