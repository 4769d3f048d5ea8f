"""What `status` says about claims: which computer buys, and why this one does not."""

from __future__ import annotations

from sorad.claim.buyers import Buyer
from sorad.claim.note import NAME
from sorad.messages import N_
from sorad.problems import Problem


def other(path: str, owner: str) -> Problem:
    """Another machine owns the vault."""
    return Problem(
        "claim.other",
        N_("{path}: the computer {owner} buys here; this one only delivers what it bought itself."),
        N_("To let this one buy instead, run `sorad claim {path}` here."),
        {"path": path, "owner": owner},
    )


def seen_other(path: str, owner: str) -> Problem:
    """Its receipts are here, its claim is not (yet)."""
    return Problem(
        "claim.other",
        N_("{path}: the computer {owner} has bought here under a claim that has not arrived (or is gone)."),
        N_("Wait until the vault is synced. To let this one buy instead, run `sorad claim {path}` here."),
        {"path": path, "owner": owner},
    )


def other_process(path: str, buyer: Buyer) -> Problem:
    """Another process of this machine buys there."""
    if not buyer.pid:
        return Problem(
            "claim.other_process",
            N_("{path}: another sorad on this computer buys here; this one only reads until that one ends."),
            N_("Nothing needs to be done. To let this one buy, stop the other one."),
            {"path": path},
        )
    return Problem(
        "claim.other_process",
        N_(
            "{path}: another sorad on this computer buys here (process {pid}, sorad {command}, state_dir "
            "{state_dir}); this one only reads until that one ends."
        ),
        N_("Nothing needs to be done. To let this one buy, stop the other one."),
        {"path": path, "pid": buyer.pid, "command": buyer.command, "state_dir": buyer.state_dir},
    )


def no_lock(path: str, folder: str, reason: str) -> Problem:
    """Whether another process of this machine buys there cannot be told."""
    return Problem(
        "claim.no_lock",
        N_(
            "{path}: no lock can be taken in {folder} ({reason}), so it cannot be told whether another sorad on this "
            "computer buys here, too. Nothing is bought twice all the same: each create is announced in the folder."
        ),
        N_("Make {folder} writable for all users, or set SORAD_LOCK_DIR to a folder that is."),
        {"path": path, "folder": folder, "reason": reason},
    )


def conflict(path: str, owners: str) -> Problem:
    """Two machines claimed at once."""
    return Problem(
        "claim.conflict",
        N_("{path}: several computers claim to buy here ({owners}), so none of them does."),
        N_("On the one that should buy, run `sorad claim {path}`."),
        {"path": path, "owners": owners},
    )


def damaged(path: str) -> Problem:
    """The note cannot be read any more."""
    return Problem(
        "claim.conflict",
        N_("{path}: the note {note} is damaged, so no computer buys here."),
        N_("On the one that should buy, run `sorad claim {path}`: it writes the note anew."),
        {"path": path, "note": NAME},
    )


def second_payer(path: str, owner: str) -> Problem:
    """Another machine has bought while we owned the vault."""
    return Problem(
        "claim.second_payer",
        N_("{path}: the computer {owner} has bought here as well, so nothing more is bought."),
        N_("Make sure that only one computer buys here; on that one, run `sorad claim {path}`."),
        {"path": path, "owner": owner},
    )


def released(path: str) -> Problem:
    """We gave it up."""
    return Problem(
        "claim.released",
        N_("{path}: this computer gave up buying here."),
        N_("`sorad claim {path}` takes it back."),
        {"path": path},
    )


def settling(path: str, seconds: float) -> Problem:
    """A new claim has to travel first."""
    return Problem(
        "claim.settling",
        N_("{path}: this computer claimed to buy here; it begins after {seconds} s, if no other does."),
        "",
        {"path": path, "seconds": round(seconds)},
    )


def missing(path: str, me: str, others: str) -> Problem:
    """Our claim is gone from the vault; ``others``: names of those that claimed or bought here, too."""
    params = {"path": path, "note": NAME, "me": me, "others": others}
    if others:
        return Problem(
            "claim.missing",
            N_(
                "{path}: the claim of this computer ({me}) is gone from the note {note} or was set back; it is written "
                "again. {others} claimed or bought here, too."
            ),
            N_("Nothing needs to be done, if {others} no longer buys here."),
            params,
        )
    return Problem(
        "claim.missing",
        N_(
            "{path}: the claim of this computer ({me}) is gone from the note {note} or was set back; it is written "
            "again."
        ),
        N_("Nothing needs to be done, if no other computer buys here."),
        params,
    )


def unreadable(path: str, reason: str) -> Problem:
    """The note is there and cannot be read."""
    return Problem(
        "claim.cannot_read",
        N_("{path}: the note {note} cannot be read ({reason}), so nothing is bought here."),
        N_('Make it readable (in a cloud folder: "always keep on this device"); {then}.'),
        {"path": path, "note": NAME, "reason": reason},
    )


def cannot_write(path: str, reason: str) -> Problem:
    """A claim is needed and cannot be written."""
    return Problem(
        "claim.cannot_write",
        N_("{path}: the note {note} cannot be written ({reason}), so nothing is bought here."),
        N_(
            'Make the folder writable; or, if surely no other computer buys here, set claim = "never" for it '
            "in the config."
        ),
        {"path": path, "note": NAME, "reason": reason},
    )


def no_identity(path: str, reason: str) -> Problem:
    """This machine has no id to claim with."""
    return Problem(
        "claim.no_identity",
        N_("{path}: this computer's identity cannot be kept in state_dir ({reason}), so nothing is bought."),
        N_("Make state_dir readable and writable; it goes on at the next start."),
        {"path": path, "reason": reason},
    )


def no_root(path: str) -> Problem:
    """Why a path that is in no watched folder cannot be claimed."""
    return Problem(
        "claim.no_root",
        N_("{path} is not in a watched folder."),
        N_("Name a folder that stands under [[watch]] in the config."),
        {"path": path},
    )


def is_never(path: str) -> Problem:
    """Why a folder whose claims are switched off cannot be claimed."""
    return Problem(
        "claim.never",
        N_('{path}: claim = "never" is set, so there is nothing to claim: this computer buys here anyway.'),
        N_('Take claim = "never" out of the config, if other computers run sorad here.'),
        {"path": path},
    )


def not_ours(path: str) -> Problem:
    """Why a claim that this computer does not have cannot be given up."""
    return Problem(
        "claim.not_ours",
        N_("{path}: this computer has no claim there."),
        N_("`sorad status` shows which one has."),
        {"path": path},
    )
