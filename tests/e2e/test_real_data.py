#!/usr/bin/env python3
"""A drive that the game itself recorded goes through all of it: pages, bridge, stream, server, recording, Parquet and
CSV. Every channel of every row that was sampled is the source's, and physics holds on what comes out."""
import csv
import json
import math
import os
import pathlib
import re
import shutil
import struct
import subprocess
import time
import unittest

from acq import ACQ, SOURCE, Place, skip
from frames import check_same
from pages import GRAPHICS, PHYSICS, STATIC, STEP_S, Pages, layout

DATA = pathlib.Path(os.environ.get("ACQ_DATA", "/nowhere")) / "ac-pages-100hz/nurburgring-gp-formula-hybrid.csv"
FIRST, BEHIND = 260, 1580  # rows: just before the car moves off, just after it stands still again
MODULES = os.environ.get("ACQ_NODE_MODULES", "")

# Our column for each of the source's, in its order; a - for what we leave out. The source's columns are in the pages'
# order, so this says both: which field of a page a column is, and which column becomes of it.
COLUMNS = """
graphics_packet_id status session_type - - - split lap pos current_time_ms last_time_ms best_time_ms
session_time_left_ms distance_traveled_m is_in_pit current_sector_index last_sector_time_ms number_of_laps tyre_compound
replay_time_multiplier normalized_car_pos car_coordinates_m_{x,y,z} penalty_time_s flag ideal_line_on is_in_pit_lane
surface_grip mandatory_pit_done wind_speed wind_direction_deg

physics_packet_id gas brake fuel_l gear rpm steer speed_kmh velocity_mps_{x,y,z} a{x,y,z}_g tyre_slip_{w}
tyre_load_n_{w} tyre_pressure_psi_{w} wheel_angular_speed_radps_{w} tyre_wear_pct_{w} tyre_dirty_level_{w}
tyre_temp_c_{w} camber_rad_{w} suspension_travel_m_{w} drs tc heading_rad pitch_rad roll_rad cg_height_m
car_damage_{front,rear,left,right,centre} tyres_out pit_limiter_on abs kers_charge kers_input auto_shifter_on
ride_height_m_{front,rear} turbo_boost ballast_kg air_density_kgpm3 air_temp_c road_temp_c
angular_velocity_radps_{x,y,z} final_ff delta_lap_s engine_brake ers_recovery_level ers_power_level ers_heat_charging
ers_is_charging kers_current_kj drs_available drs_enabled brake_temp_c_{w} clutch tyre_temp_inner_c_{w}
tyre_temp_middle_c_{w} tyre_temp_outer_c_{w} is_ai_controlled
tyre_contact_point_m_fl_{x,y,z} tyre_contact_point_m_fr_{x,y,z} tyre_contact_point_m_rl_{x,y,z}
tyre_contact_point_m_rr_{x,y,z} tyre_contact_normal_fl_{x,y,z} tyre_contact_normal_fr_{x,y,z}
tyre_contact_normal_rl_{x,y,z} tyre_contact_normal_rr_{x,y,z} tyre_contact_heading_fl_{x,y,z}
tyre_contact_heading_fr_{x,y,z} tyre_contact_heading_rl_{x,y,z} tyre_contact_heading_rr_{x,y,z}
brake_bias local_velocity_mps_{x,y,z}

sm_version ac_version number_of_sessions num_cars car_model track player_name player_surname player_nick sector_count
max_torque max_power max_rpm max_fuel_l suspension_max_travel_m_{w} tyre_radius_m_{w} max_turbo_boost deprecated_1
deprecated_2 penalties_enabled aid_fuel_rate aid_tire_rate aid_mechanical_damage aid_allow_tyre_blankets aid_stability
aid_auto_clutch aid_auto_blip has_drs has_ers has_kers kers_max_j engine_brake_settings_count ers_power_controller_count
track_spline_length_m track_configuration ers_max_j is_timed_race has_extra_lap car_skin reversed_grid_positions
pit_window_start pit_window_end
"""
WORDS = {"true": 1, "false": 0, "AC_LIVE": 2, "AC_PRACTICE": 0, "AC_NO_FLAG": 0}


def expand(text):
    """a_{x,y} is a_x a_y; {w} are the wheels."""
    for word in text.replace("{w}", "{fl,fr,rl,rr}").split():
        found = re.fullmatch(r"(.*)\{(.*)\}(.*)", word)
        yield from (found[1] + part + found[3] for part in found[2].split(",")) if found else [word]


def as_f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def wrapped(value):
    """An int32 that was read as unsigned."""
    return value - (1 << 32) if value >= 1 << 31 else value


def fit(xs, ys):
    """Slope of the line through the points, and how well it fits (Pearson's r)."""
    n = len(xs)
    mx, my = sum(xs) / n, sum(ys) / n
    xx, yy = sum((x - mx) ** 2 for x in xs), sum((y - my) ** 2 for y in ys)
    xy = sum((x - mx) * (y - my) for x, y in zip(xs, ys))
    return xy / xx, xy / math.sqrt(xx * yy)


class Source:
    """The recorded drive as rows of page fields: for each page (field, element, source column)."""

    def __init__(self):
        with open(DATA, newline="") as file:
            self.rows = list(csv.DictReader(file))[FIRST:BEHIND]
        header, at = list(self.rows[0]), 0
        self.plan = []
        for text in (GRAPHICS, PHYSICS, STATIC):
            fields = []
            for name, (kind, count, _) in layout(text)[0].items():
                width = 1 if kind == "s" else count
                fields.append((name, kind, header[at:at + width]))
                at += width
            self.plan.append(fields)
        assert header[at:] == ["sessionTime"], header[at:]
        self.columns = dict(zip(expand(COLUMNS), header))
        assert len(list(expand(COLUMNS))) == at
        del self.columns["-"]

    def fill(self, page, fields, row):
        for name, kind, columns in fields:
            values = [row[c] if kind == "s" else WORDS.get(row[c], row[c]) for c in columns]
            if kind == "i":
                values = [wrapped(int(float(v))) + (name == "gear") for v in values]
            elif kind == "f":
                values = [float(v) for v in values]
            page[name] = values[0] if len(values) == 1 else values

    def play(self, game, bridge):
        """All rows at their own pace: packetId counts steps of 3 ms."""
        start, first = time.monotonic(), int(self.rows[0]["physicsPacketID"])
        for row in self.rows:
            for page, fields in zip((game.graphics, game.physics, game.stat), self.plan):
                self.fill(page, fields, row)
            due = start + (int(row["physicsPacketID"]) - first) * STEP_S
            late = time.monotonic() - due
            time.sleep(max(0, -late))
            start += max(0, late)  # rather slower than rows that nobody can see
            game.stat.publish()
            game.graphics.publish()
            game.physics.publish()
        assert bridge.process.poll() is None, bridge

    def value(self, row, column):
        """What our column must hold."""
        text = row[self.columns[column]]
        value = WORDS.get(text, text)
        try:
            value = float(value)
        except ValueError:
            return value
        if column == "rpm":
            value = wrapped(value)
        if column == "clutch":
            value = 1 - as_f32(value)
        return as_f32(value)


class RealData(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.source = Source()

    def tearDown(self):
        self.place.__exit__(None, None, None)

    def test_all_the_way(self):
        place = self.place
        with Pages(place.prefix) as game:
            server = place.serve()
            bridge = place.bridge(port=server.port)
            bridge.says("waiting for a session")
            time.sleep(0.7)  # it looks for pages twice a second: so it has them when the drive begins
            self.source.play(game, bridge)
            self.assertIn(bridge.stop(), (0, 3))
            self.assertEqual(server.stop(), 0)
        ours, theirs = place.recording(), place.recording("data")
        check_same(self, ours.check(), theirs.check())
        self.assertGreater(len(theirs.frames), 0.5 * (BEHIND - FIRST))
        self.assertIn("_ks_nurburgring-layout_gp_a_rss_formula_hybrid_2023_driver-driver_", theirs.path.name)
        parquet = place.folder / "drive.parquet"
        self.assertEqual(place.run(ACQ, "convert", theirs.path, parquet).wait(), 0)
        rows = self.read_csv(parquet)
        self.assertEqual(len(rows), len(theirs.frames))
        self.compare(rows)
        self.check_physics(rows)
        self.compare_parquet(parquet, rows)

    def read_csv(self, parquet):
        out = self.place.folder / "drive.csv"
        self.assertEqual(self.place.run(ACQ, "view", parquet, "-n", "0", "--no-stats", "--to-csv", out).wait(), 0)
        with open(out, newline="") as file:
            return list(csv.DictReader(file))

    def compare(self, rows):
        by_id = {row["physicsPacketID"]: row for row in self.source.rows}
        filled = set()
        for row in rows:
            source = by_id[row["physics_packet_id"]]
            for column in self.source.columns:
                self.assertIn(column, row)
                text = row[column]
                if text == "":
                    continue
                filled.add(column)
                wanted = self.source.value(source, column)
                found = as_f32(float(text)) if isinstance(wanted, float) else text
                self.assertEqual(found, wanted, f"{column} of step {row['physics_packet_id']}")
            for seconds, ms in (("i_current_time_s", "current_time_ms"), ("i_last_time_s", "last_time_ms")):
                self.assertEqual(as_f32(float(row[seconds])), as_f32(int(row[ms]) / 1000))
        self.assertEqual(filled, set(self.source.columns))

    def check_physics(self, rows):
        """What must hold of a car: see Kunos' documentation of the pages for axes and units."""
        number = lambda row, column: float(row[column])
        moving = [r for r in rows if number(r, "speed_kmh") > 20]
        self.assertGreater(len(moving), 500)
        for r in moving:
            v = [number(r, f"velocity_mps_{axis}") for axis in "xyz"]
            self.assertAlmostEqual(3.6 * math.sqrt(sum(x * x for x in v)), number(r, "speed_kmh"), delta=0.02)
        heading = [math.atan2(-number(r, "velocity_mps_x"), number(r, "velocity_mps_z")) for r in moving]
        turn = [(number(r, "heading_rad") - h + math.pi) % math.tau - math.pi for r, h in zip(moving, heading)]
        slope, r_ = fit(heading, [h + t for h, t in zip(heading, turn)])
        self.assertTrue(0.97 < slope < 1.03 and r_ > 0.99, f"heading: slope {slope}, r {r_}")
        pairs = [(a, b) for a, b in zip(moving, moving[1:])
                 if int(b["physics_packet_id"]) - int(a["physics_packet_id"]) < 10]
        dv = [(number(b, "local_velocity_mps_z") - number(a, "local_velocity_mps_z")) /
              ((int(b["physics_packet_id"]) - int(a["physics_packet_id"])) * STEP_S) / 9.81 for a, b in pairs]
        slope, r_ = fit(dv, [(number(a, "az_g") + number(b, "az_g")) / 2 for a, b in pairs])
        self.assertTrue(0.9 < slope < 1.1 and r_ > 0.97, f"longitudinal: slope {slope}, r {r_}")
        lateral = [number(r, "angular_velocity_radps_y") * number(r, "speed_kmh") / 3.6 / 9.81 for r in moving]
        slope, r_ = fit(lateral, [number(r, "ax_g") for r in moving])
        self.assertTrue(0.9 < slope < 1.1 and r_ > 0.95, f"lateral: slope {slope}, r {r_}")

    def compare_parquet(self, parquet, rows):
        """Another reader finds in the Parquet file what the CSV says."""
        if not shutil.which("node") or not pathlib.Path(MODULES).is_dir():
            print("not compared with another Parquet reader: node or ACQ_NODE_MODULES is missing")
            return
        out = subprocess.run(["node", SOURCE / "tests/interop/read_parquet.mjs", parquet], capture_output=True,
                             text=True, check=True).stdout.splitlines()
        self.assertEqual(len(out) - 1, len(rows))
        for line, row in zip(out[1:], rows):
            found = json.loads(line)
            for column in self.source.columns:
                text, value = row[column], found[column]
                if text == "" or value is None:
                    self.assertEqual((text, value), ("", None), column)
                elif isinstance(value, str):
                    self.assertEqual(text, value, column)
                else:
                    self.assertEqual(as_f32(float(text)), as_f32(value), column)


if __name__ == "__main__":
    if not DATA.exists():
        skip("real recordings are found through the environment variable ACQ_DATA, and it does not lead to "
             "ac-pages-100hz/nurburgring-gp-formula-hybrid.csv")
    unittest.main()
