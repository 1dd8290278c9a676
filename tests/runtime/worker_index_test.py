import pytest

from rum_jax.core.errors import InputError
from rum_jax.runtime.worker_index import VARIABLES, worker_of

AUTO = {"worker": -1, "workers": 0}
ARRAY = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "4", "SLURM_ARRAY_TASK_COUNT": "8",
         "SLURM_PROCID": "0", "SLURM_NTASKS": "1"}
STEP = {"SLURM_PROCID": "2", "SLURM_NTASKS": "4"}
POD = {"JOB_COMPLETION_INDEX": "5", "JOB_COMPLETIONS": "6"}


@pytest.mark.parametrize("environment, expected", [
    ({}, (0, 1)), (ARRAY, (3, 8)), (STEP, (2, 4)), (POD, (5, 6)),
    ({"JOB_COMPLETION_INDEX": "5"}, (5, 6)),
    ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, (1, 2))])
def test_schedulers_say_it(environment, expected):
    assert worker_of(AUTO, environment, False) == expected


@pytest.mark.parametrize("environment, expected", [({}, (0, 1)), (ARRAY, (3, 8)), (STEP, (0, 1)),
                                                   (POD, (0, 1))])
def test_joined_processes_are_one_worker(environment, expected):
    assert worker_of(AUTO, environment, True) == expected


def test_the_config_comes_first():
    assert worker_of({"worker": 1, "workers": 3}, ARRAY, False) == (1, 3)
    assert worker_of({"worker": -1, "workers": 12}, ARRAY, False) == (3, 12)
    assert worker_of({"worker": 2, "workers": 0}, {}, False) == (2, 3)


@pytest.mark.parametrize("campaign, environment, message", [
    ({"worker": 3, "workers": 3}, {}, "config.campaign.worker: is 3; allowed with "
                                      "config.campaign.workers=3: 0..2"),
    ({"worker": -1, "workers": 2}, ARRAY, "SLURM_ARRAY_TASK_ID: is 3; allowed"),
    (AUTO, {**STEP, "SLURM_PROCID": "x"}, "SLURM_PROCID: is 'x'; allowed: an integer")])
def test_numbers_that_cannot_be(campaign, environment, message):
    with pytest.raises(InputError, match=message):
        worker_of(campaign, environment, False)


def array(task, low, high, count, step=1):
    return {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_MIN": str(low),
            "SLURM_ARRAY_TASK_MAX": str(high), "SLURM_ARRAY_TASK_COUNT": str(count),
            "SLURM_ARRAY_TASK_STEP": str(step)}


@pytest.mark.parametrize("environment, expected", [
    (array(1, 1, 9, 5, 2), (0, 5)), (array(9, 1, 9, 5, 2), (4, 5)), (array(3, 3, 4, 2), (0, 2)),
    (array(4, 3, 4, 2), (1, 2)), ({"SLURM_ARRAY_TASK_ID": "3"}, (3, 4))])
def test_tasks_of_arrays_with_any_beginning_and_step(environment, expected):
    assert worker_of(AUTO, environment, False) == expected


@pytest.mark.parametrize("environment, name", [
    (array(12, 0, 7, 8), "SLURM_ARRAY_TASK_ID"), (array(2, 4, 7, 4), "SLURM_ARRAY_TASK_ID"),
    (array(7, 1, 7, 3), "SLURM_ARRAY_TASK_ID"), (array(4, 1, 9, 5, 2), "SLURM_ARRAY_TASK_ID"),
    (array(-1, 0, 7, 8), "SLURM_ARRAY_TASK_ID"), (array(0, 0, 7, 0), "SLURM_ARRAY_TASK_COUNT"),
    (array(0, 0, 7, 8, 0), "SLURM_ARRAY_TASK_STEP"), (array("²", 0, 7, 8), "SLURM_ARRAY_TASK_ID"),
    (array("9" * 5000, 0, 7, 8), "SLURM_ARRAY_TASK_ID"), (array("", 0, 7, 8), "SLURM_ARRAY"),
    ({"JOB_COMPLETION_INDEX": "6", "JOB_COMPLETIONS": "6"}, "JOB_COMPLETION_INDEX: is 6"),
    ({"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "0"}, "JOB_COMPLETIONS"),
    ({"SLURM_PROCID": "-1"}, "SLURM_PROCID"), ({**STEP, "SLURM_PROCID": "4"}, "SLURM_PROCID: is 4"),
    ({"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "2"}, "OMPI_COMM_WORLD_RANK: is 2")])
def test_schedulers_that_contradict_themselves(environment, name):
    with pytest.raises(InputError, match=name) as error:
        worker_of(AUTO, environment, False)
    assert len(str(error.value)) < 500
    assert worker_of({"worker": 1, "workers": 2}, environment, False) == (1, 2), "as it says there"


class Recorder(dict):
    """An environment that notes the names it is asked for."""

    def __init__(self, variables):
        super().__init__(variables)
        self.names = set()

    def __contains__(self, name):
        self.names.add(name)
        return super().__contains__(name)

    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)


def test_all_variables_that_are_read_are_listed():
    ranks = {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}
    environments = [Recorder(variables) for variables in (ARRAY, STEP, POD, ranks, {})]
    for environment in environments:
        worker_of(AUTO, environment, False)
    assert set().union(*(environment.names for environment in environments)) == set(VARIABLES)
    assert len(set(VARIABLES)) == len(VARIABLES) == 10
