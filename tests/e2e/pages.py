"""pages.py - the game's three shared-memory pages, written from Python as the game writes them.

The layouts are those of src/page/page.h: packed to four bytes, text as UTF-16. A field is read and written by its name:
pages.physics["gas"] = 0.5; an array takes a list, an array of vectors a flat one.
"""
import mmap
import os
import pathlib
import struct
import time

STEP_S = 0.003
OFF, REPLAY, LIVE, PAUSE = range(4)
SHM = pathlib.Path("/dev/shm")

# one field a word: name, or name:count; a line begins with the type: i int32, f float, s UTF-16 text
PHYSICS = """
i packet_id
f gas brake fuel
i gear rpms
f steer_angle speed_kmh velocity:3 acc_g:3
f wheel_slip:4 wheel_load:4 wheels_pressure:4 wheel_angular_speed:4 tyre_wear:4 tyre_dirty_level:4
f tyre_core_temperature:4 camber_rad:4 suspension_travel:4 drs tc heading pitch roll cg_height car_damage:5
i number_of_tyres_out pit_limiter_on
f abs kers_charge kers_input
i auto_shifter_on
f ride_height:2 turbo_boost ballast air_density air_temp road_temp local_angular_vel:3 final_ff performance_meter
i engine_brake ers_recovery_level ers_power_level ers_heat_charging ers_is_charging
f kers_current_kj
i drs_available drs_enabled
f brake_temp:4 clutch tyre_temp_i:4 tyre_temp_m:4 tyre_temp_o:4
i is_ai_controlled
f tyre_contact_point:12 tyre_contact_normal:12 tyre_contact_heading:12 brake_bias local_velocity:3
"""
GRAPHICS = """
i packet_id status session
s current_time:15 last_time:15 best_time:15 split:15
i completed_laps position i_current_time i_last_time i_best_time
f session_time_left distance_traveled
i is_in_pit current_sector_index last_sector_time number_of_laps
s tyre_compound:33
f replay_time_multiplier normalized_car_position car_coordinates:3 penalty_time
i flag ideal_line_on is_in_pit_lane
f surface_grip
i mandatory_pit_done
f wind_speed wind_direction
"""
STATIC = """
s sm_version:15 ac_version:15
i number_of_sessions num_cars
s car_model:33 track:33 player_name:33 player_surname:33 player_nick:33
i sector_count
f max_torque max_power
i max_rpm
f max_fuel suspension_max_travel:4 tyre_radius:4 max_turbo_boost deprecated_1 deprecated_2
i penalties_enabled
f aid_fuel_rate aid_tire_rate aid_mechanical_damage
i aid_allow_tyre_blankets
f aid_stability
i aid_auto_clutch aid_auto_blip has_drs has_ers has_kers
f kers_max_j
i engine_brake_settings_count ers_power_controller_count
f track_spline_length
s track_configuration:33
f ers_max_j
i is_timed_race has_extra_lap
s car_skin:33
i reversed_grid_positions pit_window_start pit_window_end
"""
STATIC_OLD = STATIC.replace("track_configuration:33", "track_configuration:15")


def layout(text):
    """{name: (type, count, offset)} and the size of a page."""
    fields, at = {}, 0
    for line in text.split("\n"):
        kind, *words = line.split() or [""]
        for word in words:
            name, _, count = word.partition(":")
            width = 2 if kind == "s" else 4
            at = (at + width - 1) // width * width
            fields[name] = (kind, int(count or 1), at)
            at += width * int(count or 1)
    return fields, (at + 3) // 4 * 4


assert [layout(text)[1] for text in (PHYSICS, GRAPHICS, STATIC, STATIC_OLD)] == [580, 296, 684, 648]


class Page:
    """One page: filled here, then published as a whole. `size` makes it shorter or longer than the layout."""

    def __init__(self, path, text, size=None):
        self.fields, full = layout(text)
        self.size = size or full
        self.bytes = bytearray(max(full, self.size))
        self.path = path
        path.write_bytes(bytes(self.size))
        with open(path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), self.size)

    def __setitem__(self, name, value):
        kind, count, at = self.fields[name]
        if kind == "s":
            units = value.encode("utf-16-le")[:2 * count]
            self.bytes[at:at + 2 * count] = units + bytes(2 * count - len(units))
        else:
            values = value if isinstance(value, (list, tuple)) else [value]
            struct.pack_into(f"<{count}{kind}", self.bytes, at, *values)

    def __getitem__(self, name):
        kind, count, at = self.fields[name]
        values = struct.unpack_from(f"<{count}{kind}", self.bytes, at)
        return values[0] if count == 1 else list(values)

    def publish(self):
        self.shared[:] = bytes(self.bytes[:self.size])

    def close(self):
        self.shared.close()
        self.path.unlink(missing_ok=True)


class Pages:
    """The three pages under a prefix of their own; a context manager, which takes them away again."""

    def __init__(self, prefix, physics_size=None, graphics_size=None, static_size=None, old_static=False):
        self.prefix = prefix
        self.physics = Page(SHM / f"{prefix}_physics", PHYSICS, physics_size)
        self.graphics = Page(SHM / f"{prefix}_graphics", GRAPHICS, graphics_size)
        self.stat = Page(SHM / f"{prefix}_static", STATIC_OLD if old_static else STATIC, static_size)
        self.due = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for page in (self.physics, self.graphics, self.stat):
            page.close()

    def fill(self, car="ks_test_car", track="ks_test_track", layout_name="gp", version="1.7", status=LIVE):
        """What a session needs, published."""
        for name, value in {"sm_version": version, "ac_version": "1.16.4", "car_model": car, "track": track,
                            "track_configuration": layout_name, "player_name": "Ada", "player_surname": "Lovelace",
                            "max_rpm": 8000, "car_skin": "red", "sector_count": 3}.items():
            self.stat[name] = value
        self.graphics["status"] = status
        self.graphics["session"] = 2
        self.graphics["position"] = 1
        self.physics["clutch"] = 1.0
        self.stat.publish()
        self.graphics.publish()

    def set_status(self, status):
        self.graphics["status"] = status
        self.graphics.publish()

    def step(self, count=1, change=None):
        """So many steps at the game's pace; `change(pages)` may alter the physics before each is published."""
        for _ in range(count):
            self.physics["packet_id"] += 1
            if change:
                change(self)
            self.physics.publish()
            self.due = max(self.due + STEP_S, time.monotonic() - 0.05)
            time.sleep(max(0, self.due - time.monotonic()))

    def step_until(self, condition, what, seconds=60):
        """Steps until condition() holds; fails when it never does."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s for {what}"
            self.step(5)


def remove(prefix):
    """Takes away the pages that a program of this prefix has left."""
    for name in ("physics", "graphics", "static"):
        try:
            os.unlink(SHM / f"{prefix}_{name}")
        except FileNotFoundError:
            pass
