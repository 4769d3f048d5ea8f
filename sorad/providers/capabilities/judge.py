"""What a model would refuse of a request, or leave out of it without a word: told before anything is bought. Pure.

Each rule looks at one thing that a request may say. What it finds is told with what the model offers instead, and with
the other models that offer what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Callable, Optional

from sorad.messages import N_
from sorad.model import Look, Request
from sorad.problems import Param, Problem
from sorad.providers.capabilities.offers import Offer, Offers, ratio_of
from sorad.units import format_size

_NEAR_RATIO = 0.05  # of a picture's ratio to the one that is asked for

Rule = Callable[[Request, Offer, str], Optional[Problem]]


def judged(request: Request, offers: Offers, title: str) -> Iterator[Problem]:
    """Everything that the provider called ``title`` does not offer."""
    if not request.prompt.strip():
        yield Problem("request.prompt", N_("The prompt is empty."), N_("Write what the video is to show."))
    if request.provider not in ("", title):
        yield no_such("provider", request.provider, (title,))
    offer = offers.of(request)
    if offer is None:
        yield _no_model(request, offers, title)
        return
    name = request.model or title
    for rule in RULES:
        problem = rule(request, offer, name)
        if problem is not None:
            others = [one.name for one in offers.named.values() if rule(request, one, "") is None]
            yield _with_others(problem, others)


def left_out(request: Request, offers: Offers, title: str) -> Optional[Problem]:
    """What the API would leave out of it: the config may have changed since the storyboard was read."""
    offer = offers.of(request)
    if offer is None:
        return _no_model(request, offers, title)
    found = (rule(request, offer, request.model or title) for rule in RULES if rule not in _REFUSED_THERE)
    return next((problem for problem in found if problem is not None), None)


def _no_model(request: Request, offers: Offers, title: str) -> Problem:
    if request.model:
        return no_such("model", request.model, tuple(offers.named))
    return Problem(
        "request.pro",
        N_("{kind} has no pro model."),
        N_("Set is_pro to false, or name a model_pro below [provider] in the config."),
        {"kind": title},
    )


def no_such(field: str, value: str, known: Sequence[str]) -> Problem:
    params: dict[str, Param] = {"field": field, "value": value, "known": ", ".join(known)}
    fix = N_("Write one of: {known}.") if known else N_("Leave {field} out: there is no choice of it here.")
    return Problem(f"request.{field}", N_("There is no {field} {value} in the config."), fix, params)


def _with_others(problem: Problem, others: Sequence[str]) -> Problem:
    if not others:
        return problem
    mend = Problem("", problem.fix, "", problem.params)
    fix = N_("{mend} Or name a model that offers it: {models}.")
    return replace(problem, fix=fix, params={**problem.params, "mend": mend, "models": ", ".join(others)})


def _prompt(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    if len(request.prompt) <= offer.prompt_max:
        return None
    return Problem(
        "request.prompt",
        N_("The prompt has {count} characters; {kind} takes {most}."),
        N_("Shorten the prompt."),
        {"count": len(request.prompt), "most": offer.prompt_max, "kind": name},
    )


def _seconds(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    if request.seconds in offer.lengths:
        return None
    params: dict[str, Param] = {
        "kind": name,
        "seconds": request.seconds,
        "allowed": ", ".join(map(str, offer.lengths)),
    }
    if request.pro:
        message = N_("{kind} does not offer {seconds} seconds with is_pro.")
    else:
        message = N_("{kind} does not offer {seconds} seconds.")
    return Problem("request.seconds", message, N_("Set duration_seconds to one of: {allowed}."), params)


def _ratio(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    ratio, ratios = ratio_of(request), offer.ratios_of(request)
    if ratio in ratios:
        return None
    if ratio in offer.ratios:
        message = N_("{kind} offers the aspect ratio {value} with a picture only.")
    else:
        message = N_("{kind} does not offer the aspect ratio {value}.")
    fix = N_("Set aspect_ratio to one of: {allowed}.")
    return Problem(
        "request.aspect_ratio", message, fix, {"kind": name, "value": ratio, "allowed": ", ".join(ratios)}
    )


def _frame_ratio(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    """Whether the picture that decides the ratio has the one that is asked for. 16:9 may be nobody's wish."""
    ratio, looks = ratio_of(request), dict(request.looks)
    look = looks.get(request.image) or looks.get(request.last_frame)
    if not offer.frame_ratio or look is None or not look.height or ratio in ("16:9", "adaptive"):
        return None
    width, height = map(int, ratio.split(":"))
    if abs(look.width / look.height * height / width - 1) < _NEAR_RATIO:
        return None
    params: dict[str, Param] = {"kind": name, "value": ratio, "width": look.width, "height": look.height}
    message = N_(
        "{kind} gives a video the ratio of its first frame, here {width} x {height}, and not {value}."
    )
    fix = N_("Cut the picture to {value}, or leave aspect_ratio out.")
    return Problem("request.aspect_ratio", message, fix, params)


def _resolution(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    ratio, wanted = ratio_of(request), request.resolution or offer.wanted
    if ratio not in offer.ratios:  # that is told already
        return None
    if (not wanted or wanted in offer.resolutions) and _has_size(offer, ratio, wanted):
        return None
    params: dict[str, Param] = {
        "kind": name,
        "value": wanted or offer.usual_resolution,
        "ratio": ratio,
        "allowed": ", ".join(offer.resolutions),
    }
    if not offer.resolutions:
        fix = N_("Leave it out: there is no choice of it.")
    elif wanted in offer.resolutions:
        fix = N_('Name its size below [provider] in the config: sizes = {{"{ratio} {value}" = "…"}}.')
    else:
        fix = N_("Set resolution to one of: {allowed}.")
    message = N_("{kind} does not offer the resolution {value} at {ratio}.")
    return Problem("request.resolution", message, fix, params)


def _has_size(offer: Offer, ratio: str, resolution: str) -> bool:
    return offer.sizes is None or bool(offer.sizes.of_request(ratio, resolution))


def _first_frame(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    if not request.image or offer.first_frame:
        return None
    fix = N_("Leave the picture out, or say in the config in which field it is read: picture_field.")
    return Problem("request.first_frame", N_("{kind} takes no first frame."), fix, {"kind": name})


def _needed(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    params: dict[str, Param] = {"kind": name}
    if offer.needs == "first_frame" and not request.image:
        fix = N_("Give a first_frame, or name a model that needs none.")
        return Problem(
            "request.first_frame", N_("{kind} makes a video from a first frame only."), fix, params
        )
    if offer.needs == "references" and not request.references:
        fix = N_("Give references, or name a model that needs none.")
        return Problem("request.references", N_("{kind} makes a video from references only."), fix, params)
    return None


def _last_frame(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    if not request.last_frame or (offer.last_frame and (request.image or offer.last_frame_alone)):
        return None
    if offer.last_frame:
        message = N_("{kind} takes a last frame together with a first one only.")
        return Problem("request.last_frame", message, N_("Give a first_frame, too."), {"kind": name})
    fix = N_("Leave last_frame out, or, for a gateway, say in which field it is read: last_frame_field.")
    return Problem("request.last_frame", N_("{kind} takes no last frame."), fix, {"kind": name})


def _references(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    count = len(request.references)
    if count <= offer.references:
        return None
    params: dict[str, Param] = {"kind": name, "count": count, "most": offer.references}
    if not offer.references:
        message = N_("{kind} takes no references.")
        fix = N_("Leave them out, or, for a gateway, say in which field they are read: references_field.")
    else:
        message = N_("{kind} takes {most} references; there are {count}, those of the characters included.")
        fix = N_("Keep the ones that matter.")
    return Problem("request.references", message, fix, params)


def _exclusion(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    frames = request.image or request.last_frame
    if not (offer.frames_exclude_references and frames and request.references):
        return None
    message = N_("{kind} takes frames or references, not both.")
    fix = N_("Keep the frames or the references; those of the characters count, too.")
    return Problem("request.references", message, fix, {"kind": name})


def _audio(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    fits = {"switch": (None, True, False), "always": (None, True), "never": (None, False), "": (None,)}
    if request.audio in fits[offer.audio]:
        return None
    params: dict[str, Param] = {"kind": name}
    if offer.audio == "always":
        message, fix = N_("The videos of {kind} always have sound."), N_("Leave audio out.")
    elif offer.audio == "never":
        message, fix = N_("The videos of {kind} never have sound."), N_("Leave audio out.")
    else:
        message = N_("{kind} offers no choice of sound.")
        fix = N_("Leave audio out, or, for a gateway, say in which field it is read: audio_field.")
    return Problem("request.audio", message, fix, params)


def _seed(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    if request.seed is None or offer.seed:
        return None
    fix = N_("Leave seed out. If the model takes one, write seed = true below its [[model]] in the config.")
    return Problem("request.seed", N_("{kind} takes no seed."), fix, {"kind": name})


def _negative_prompt(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    if not request.negative_prompt or offer.negative_prompt:
        return None
    fix = N_(
        "Say it in the prompt. If the model takes one, write negative_prompt = true below its [[model]] in the config."
    )
    return Problem("request.negative_prompt", N_("{kind} takes no negative prompt."), fix, {"kind": name})


def _forms(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    for image, path in request.pictures():
        form = "file" if image.startswith("sha256:") else "url" if image.startswith("http") else "id"
        if form not in offer.forms:
            own = form == "file" and request.continues and not path
            return _no_frame_from_here(name) if own else _form(form, path or image, name)
    return None


def _no_frame_from_here(name: str) -> Problem:
    message = N_(
        "{kind} takes no local picture, and a shot continues the one before by its last frame, which lies here."
    )
    fix = N_("Leave continue out, or name a model that takes local pictures.")
    return Problem("request.image", message, fix, {"kind": name})


def _form(form: str, picture: str, name: str) -> Problem:
    params: dict[str, Param] = {"kind": name, "path": picture}
    if form == "file":
        message = N_("{kind} takes no local picture: {path}")
        fix = N_("Put the picture on the web and give its http(s) address.")
    elif form == "url":
        message = N_("{kind} takes no address of a picture: {path}")
        fix = N_("Save the picture beside the storyboard and give its path.")
    else:
        message = N_("{kind} takes no pictures by the ids of a vendor: {path}")
        fix = N_(
            'Give an http(s) address or a path. If it takes them, add "id" to pictures of its [[model]].'
        )
    return Problem("request.image", message, fix, params)


def _local_pictures(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    """What is wrong with a local picture, as far as its storyboard's reading tells."""
    looks, checks = dict(request.looks), (_weight, _format, _sides, _shape)
    for image, path in request.pictures():
        look = looks.get(image)
        found = [] if look is None else [problem for check in checks if (problem := check(look, offer))]
        if found:
            params = {**found[0].params, "kind": name, "path": path}
            return replace(found[0], code="request.image", params=params)
    return None


def _exact(request: Request, offer: Offer, name: str) -> Optional[Problem]:
    """Whether a local first frame has the size of the video, where the API wants just that."""
    look = dict(request.looks).get(request.image)
    size = offer.sizes.of_request(ratio_of(request), request.resolution) if offer.sizes is not None else ""
    if (
        not (offer.exact and size and look is not None and look.width)
        or f"{look.width}x{look.height}" == size
    ):
        return None
    return Problem(
        "request.image",
        N_(
            "{kind} takes a first frame of just the size of the video, {size}; {path} has {width} x {height}."
        ),
        N_(
            "Scale or cut the picture to {size}. If the gateway does that itself, write pictures = {{exact = false}} "
            "below its [[model]] in the config."
        ),
        {
            "kind": name,
            "size": size,
            "path": request.image_path,
            "width": look.width,
            "height": look.height,
        },
    )


def _weight(look: Look, offer: Offer) -> Optional[Problem]:
    if look.bytes <= offer.largest:
        return None
    params = {"size": format_size(look.bytes), "most": format_size(offer.largest)}
    message = N_("{kind} takes pictures of {most} at most; {path} has {size}.")
    return Problem("", message, N_("Make the picture smaller."), params)


def _format(look: Look, offer: Offer) -> Optional[Problem]:
    if look.form in offer.formats:
        return None
    message = N_("{kind} takes no {form} pictures: {path}")
    params = {"form": look.form, "allowed": ", ".join(offer.formats)}
    return Problem("", message, N_("Save it as one of: {allowed}."), params)


def _sides(look: Look, offer: Offer) -> Optional[Problem]:
    sides = sorted((look.width, look.height))
    if offer.sides is None or not sides[0] or (offer.sides[0] <= sides[0] and sides[1] <= offer.sides[1]):
        return None
    message = N_(
        "{kind} takes pictures with sides of {least} to {most} pixels; {path} has {width} x {height}."
    )
    params = {"least": offer.sides[0], "most": offer.sides[1], "width": look.width, "height": look.height}
    return Problem("", message, N_("Scale the picture."), params)


def _shape(look: Look, offer: Offer) -> Optional[Problem]:
    shape = look.width / look.height if look.height else 0.0
    if offer.shapes is None or not shape or offer.shapes[0] <= shape <= offer.shapes[1]:
        return None
    message = N_(
        "{kind} takes pictures {least:g} to {most:g} times as wide as high; {path} has {width} x {height}."
    )
    params = {"least": offer.shapes[0], "most": offer.shapes[1], "width": look.width, "height": look.height}
    return Problem("", message, N_("Cut the picture."), params)


RULES: Sequence[Rule] = (
    _prompt,
    _seconds,
    _ratio,
    _frame_ratio,
    _resolution,
    _first_frame,
    _needed,
    _last_frame,
    _references,
    _exclusion,
    _audio,
    _seed,
    _negative_prompt,
    _forms,
    _local_pictures,
    _exact,
)
# What an API refuses by itself where it does not offer it.
_REFUSED_THERE = (_seconds,)
