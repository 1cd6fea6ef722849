"""Sensors as Linux shows them, whole and broken."""

from pathlib import Path

from hardware.temperature import Temperature, temperatures


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content + "\n")


def test_hwmon_names_its_sensors_and_what_is_critical(tmp_path: Path) -> None:
    write(
        tmp_path / "hwmon/hwmon0", name="coretemp", temp1_input="55000", temp1_label="Package id 0", temp1_crit="100000"
    )
    write(tmp_path / "hwmon/hwmon1", name="nvme", temp1_input="41850", temp2_input="-128000", temp3_input="nonsense")
    write(tmp_path / "thermal/thermal_zone0", type="x86_pkg_temp", temp="55000")
    assert temperatures(tmp_path) == [
        Temperature("coretemp/Package id 0", 55.0, 100.0),
        Temperature("nvme/temp1", 41.85, None),
    ]


def test_thermal_zones_where_there_is_no_hwmon(tmp_path: Path) -> None:
    write(
        tmp_path / "thermal/thermal_zone0", type="cpu-thermal", temp="61234",
        trip_point_0_type="passive", trip_point_0_temp="80000", trip_point_1_type="critical", trip_point_1_temp="95000",
    )  # fmt: skip
    write(tmp_path / "thermal/thermal_zone1", type="gpu", temp="")
    assert temperatures(tmp_path) == [Temperature("cpu-thermal", 61.234, 95.0)]


def test_a_machine_without_sensors(tmp_path: Path) -> None:
    assert temperatures(tmp_path) == []
    temperatures()  # this machine's own, whatever it has
