#include "plot/panels.h"

#include "frame/frame.h"
#include "plot/look.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NOT_AT_ALL (-1)

/* Columns of several channels that are read together. */
struct set {
    const char *label;
    struct acq_range must;
    struct {
        const char *column, *name;
        unsigned colour;
    } members[5];
};

static const struct set sets[] = {
    {"pedals", {0, 1}, {{"gas", "gas", ACQ_GREEN}, {"brake", "brake", ACQ_VERMILION}, {"clutch", "clutch", ACQ_BLUE}}},
    {"completed laps, position", {0, 1}, {{"lap", "lap", ACQ_BLUE}, {"pos", "pos", ACQ_VERMILION}}},
    {"ride height",
     {1, 0},
     {{"ride_height_m_front", "front", ACQ_BLUE}, {"ride_height_m_rear", "rear", ACQ_VERMILION}}},
    {"pitch, roll", {1, 0}, {{"pitch_rad", "pitch", ACQ_BLUE}, {"roll_rad", "roll", ACQ_VERMILION}}},
    {"temperature", {1, 0}, {{"air_temp_c", "air", ACQ_BLUE}, {"road_temp_c", "road", ACQ_VERMILION}}},
    {"car damage",
     {0, 1},
     {{"car_damage_front", "front", ACQ_BLUE},
      {"car_damage_rear", "rear", ACQ_VERMILION},
      {"car_damage_left", "left", ACQ_GREEN},
      {"car_damage_right", "right", ACQ_PURPLE},
      {"car_damage_centre", "centre", ACQ_ORANGE}}},
};
#define SETS (sizeof sets / sizeof *sets)
#define MEMBERS (sizeof sets->members / sizeof *sets->members)

/* What is known of a column. */
struct known {
    const struct acq_channel *channel; /* NULL: foreign */
    int id, element, set, member;      /* NOT_AT_ALL where there is none */
    bool placed;
};

static void know(struct known *k, const char *name, const struct acq_column *all)
{
    *k = (struct known){.id = NOT_AT_ALL, .set = NOT_AT_ALL};
    for (int i = 0; i < ACQ_COLUMNS; i++) {
        if (strcmp(all[i].name, name)) continue;
        k->id = all[i].id;
        k->element = all[i].element;
        k->channel = &acq_channels[all[i].id];
    }
    for (size_t s = 0; s < SETS; s++) {
        for (size_t m = 0; m < MEMBERS && sets[s].members[m].column; m++) {
            if (strcmp(sets[s].members[m].column, name)) continue;
            k->set = (int)s;
            k->member = (int)m;
        }
    }
}

static bool together(const struct known *a, const struct known *b)
{
    return a->set != NOT_AT_ALL ? a->set == b->set : a->id != NOT_AT_ALL && a->id == b->id;
}

/* shown_unit: as it is printed */
static const char *shown_unit(const char *unit)
{
    static const char *const signs[][2] = {{"degC", "\xc2\xb0"
                                                    "C"},
                                           {"deg", "\xc2\xb0"},
                                           {"kg/m3", "kg/m\xc2\xb3"}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (!strcmp(unit, signs[i][0])) return signs[i][1];
    return unit;
}

/* unit_word: what stands for a unit in column names. Source: the names in the channel table. */
static void unit_word(const char *unit, char word[16])
{
    static const char *const words[][2] = {{"km/h", "kmh"}, {"m/s", "mps"},     {"rad/s", "radps"}, {"degC", "c"},
                                           {"%", "pct"},    {"kg/m3", "kgpm3"}, {"rpm", ""}};
    for (size_t i = 0; i < 16; i++) {
        word[i] = i < 15 ? (char)tolower((unsigned char)unit[i]) : 0;
        if (!word[i]) break;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(unit, words[i][0])) snprintf(word, 16, "%s", words[i][1]);
}

/* words_of: a name as words without its unit, which the axis names: "tyre_pressure_psi_fl" is "tyre pressure fl" */
static void words_of(const char *name, const char *unit, char *dst, size_t size)
{
    char word[16], copy[64];
    size_t used = 0;
    unit_word(unit, word);
    snprintf(copy, sizeof copy, "%s", name);
    *dst = 0;
    for (char *part = strtok(copy, "_"); part; part = strtok(NULL, "_")) {
        if (used && *word && !strcmp(part, word)) continue;
        int n = snprintf(dst + used, size - used, "%s%s", used ? " " : "", part);
        used += (size_t)n;
        if (used >= size) return;
    }
}

static void element_name(const struct known *k, char *dst, size_t size)
{
    static const char *const wheels[] = {"FL", "FR", "RL", "RR"};
    static const char *const axes[] = {"x", "y", "z"};
    static const char *const accelerations[] = {"ax lateral", "ay vertical", "az longitudinal"};
    const char *name = k->channel->n == 4 ? wheels[k->element & 3] : axes[k->element % 3];
    if (k->id == ACQ_physics_acc_g) name = accelerations[k->element % 3];
    snprintf(dst, size, "%s", name);
}

static bool has_elements(const struct known *k)
{
    return k->channel && k->channel->type == ACQ_TYPE_FLOATS;
}

static void add_curve(struct acq_panel *p, const struct acq_plot_column *column, const struct known *k)
{
    struct acq_curve *c = &p->curves[p->n++];
    bool integer = k->channel && (k->channel->type == ACQ_TYPE_I32 || k->channel->type == ACQ_TYPE_U64);
    *c = (struct acq_curve){.values = column->values};
    c->stepped = k->channel && k->channel->kind == ACQ_KIND_stepped;
    c->cyclic = k->channel && k->channel->kind == ACQ_KIND_cyclic;
    p->whole = p->whole && integer && c->stepped;
    if (k->set != NOT_AT_ALL)
        c->colour = sets[k->set].members[k->member].colour;
    else if (has_elements(k))
        c->colour = (unsigned)k->element;
    if (k->set == NOT_AT_ALL && has_elements(k))
        element_name(k, c->name, sizeof c->name);
    else if (k->set != NOT_AT_ALL)
        snprintf(c->name, sizeof c->name, "%s", sets[k->set].members[k->member].name);
}

/* set_label: a panel of one curve is called as the curve, one of several by what they have in common */
static void set_label(struct acq_panel *p, const struct acq_plot_column *first, const struct known *k)
{
    const char *unit = shown_unit(first->unit);
    if (p->n > 1 && k->set != NOT_AT_ALL)
        snprintf(p->label, sizeof p->label, "%s", sets[k->set].label);
    else if (p->n > 1)
        words_of(k->id == ACQ_physics_acc_g ? "acceleration" : k->channel->name, first->unit, p->label,
                 sizeof p->label);
    else
        words_of(first->name, first->unit, p->label, sizeof p->label);
    if (strcmp(p->label, unit)) snprintf(p->unit, sizeof p->unit, "%s", unit); /* not "rpm [rpm]" */
    if (p->n == 1) p->curves[0].colour = k->set != NOT_AT_ALL ? p->curves[0].colour : ACQ_BLUE;
}

size_t acq_panels_make(struct acq_panel panels[ACQ_PANELS_MAX], const struct acq_plot_column *columns, size_t n)
{
    struct acq_column all[ACQ_COLUMNS];
    struct known known[ACQ_PANELS_MAX];
    size_t count = 0;
    acq_columns(all);
    for (size_t i = 0; i < n; i++) know(&known[i], columns[i].name, all);
    for (size_t i = 0; i < n; i++) {
        if (known[i].placed) continue;
        struct acq_panel *p = &panels[count++];
        *p = (struct acq_panel){.whole = true, .must = acq_range_empty()};
        if (known[i].set != NOT_AT_ALL) p->must = sets[known[i].set].must;
        for (size_t k = i; k < n && p->n < ACQ_PANEL_CURVES; k++) {
            if (known[k].placed || (k != i && !together(&known[i], &known[k]))) continue;
            add_curve(p, &columns[k], &known[k]);
            known[k].placed = true;
        }
        set_label(p, &columns[i], &known[i]);
    }
    return count;
}
