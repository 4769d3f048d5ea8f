"""Status and doctor never lie: each fault is seen, under its code, and is over by itself once it is lifted."""

from __future__ import annotations

import pytest
from fault_stage import Ward
from fault_table import FAULTS, Fault


# A thread that is killed in earnest, and those of the library that die, come through the hook of pytest.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "_"))
def test_a_fault_is_seen_and_is_over_by_itself(ward: Ward, fault: Fault) -> None:
    patient = ward.patient()
    try:
        patient.is_well()
        with fault.strike(patient):
            patient.shows(set(fault.problems.split()), fault.notes.split())
            if fault.doctor:
                assert fault.doctor in patient.doctor()
        patient.is_well()
    except BaseException:
        ward.discharge()  # the next one begins with a daemon that is well
        raise
