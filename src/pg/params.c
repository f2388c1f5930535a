/*
 * params.c
 *	  Parses the form's name and the JSON object of weights.
 */
#include "postgres.h"

#include <math.h>
#include <stddef.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "pg/params.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#define MAX_KEYS	4

/* A weight: its key in the JSON object and its place in a struct of weights. */
typedef struct Key
{
	const char *name;
	size_t		offset;
	double		value;			/* SPEC 3 and 4 */
	double		pi;				/* in the preset "pi", where there is one */
} Key;

/* Weights that belong together. */
typedef struct KeySet
{
	const char *title;			/* what they are weights of */
	bool		shares;			/* none negative, divided by their sum */
	bool		has_pi;
	Key			key[MAX_KEYS + 1];
} KeySet;

typedef struct Form
{
	const char *name;
	KeySet		set;
} Form;

/* A set of keys, and the struct that takes their weights. */
typedef struct Target
{
	const KeySet *set;
	void	   *weights;
} Target;

#define KEY(field)		#field, offsetof(TnfrFormWeights, field)
#define SI_KEY(field)	#field, offsetof(TnfrSiWeights, field)

#define PI_1	(M_PI / (M_PI + 1))
#define PI_2	(M_PI / ((M_PI + 1) * (M_PI + 1)))
#define PI_3	(1 / ((M_PI + 1) * (M_PI + 1)))

static const Form forms[] = {
	[TNFR_FORM_GRADIENT] = {"gradient", {"form \"gradient\"", false, false, {
		{KEY(epi), 0.7, 0}, {KEY(sin), 0.3, 0}
	}}},
	[TNFR_FORM_CANONICAL] = {"canonical", {"form \"canonical\"", true, true, {
		{KEY(phase), 0.34, PI_1}, {KEY(epi), 0.33, PI_2},
		{KEY(vf), 0.33, PI_3}, {KEY(topo), 0, 0}
	}}},
	[TNFR_FORM_PHASE] = {"phase", {"form \"phase\"", false, false, {
		{KEY(phase), 1, 0}
	}}},
	[TNFR_FORM_EPI_VF] = {"epi_vf", {"form \"epi_vf\"", false, false, {
		{KEY(epi), 0.5, 0}, {KEY(vf), 0.5, 0}
	}}},
	[TNFR_FORM_LAPLACIAN] = {"laplacian", {"form \"laplacian\"", false, false, {
		{KEY(epi), 0.33, 0}, {KEY(vf), 0.33, 0}
	}}}
};

static const KeySet si_keys = {"the sense index", true, true, {
	{SI_KEY(alpha), 0.34, PI_1}, {SI_KEY(beta), 0.33, PI_2},
	{SI_KEY(gamma), 0.33, PI_3}
}};

TnfrForm
tnfr_form_by_name(const char *name)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < (int) lengthof(forms); i++)
	{
		if (strcmp(forms[i].name, name) == 0)
			return (TnfrForm) i;
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", forms[i].name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown form \"%s\"", name),
			 errhint("The forms are %s.", names.data)));
}

static double *
weight_of(const Target *target, const Key *key)
{
	return (double *) ((char *) target->weights + key->offset);
}

/* The key of that name, and which of the targets it belongs to. */
static const Key *
find_key(const Target *target, int ntargets, const char *name, int *which)
{
	StringInfoData names;

	initStringInfo(&names);
	for (*which = 0; *which < ntargets; (*which)++)
		for (const Key *k = target[*which].set->key; k->name != NULL; k++)
		{
			if (strcmp(k->name, name) == 0)
				return k;
			appendStringInfo(&names, "\"%s\", ", k->name);
		}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown weight \"%s\" for %s", name, target[0].set->title),
			 errhint("The keys are %s\"preset\".", names.data)));
}

static double
weight_value(const KeySet *set, const char *name, const JsonbValue *v)
{
	double		x;

	if (v->type != jbvNumeric)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight \"%s\" is not a number", name)));
	x = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
										   NumericGetDatum(v->val.numeric)));
	if (!isfinite(x) || (set->shares && x < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight \"%s\" is out of range: %g", name, x),
				 set->shares ?
				 errhint("Weights of %s must be zero or more.", set->title) :
				 errhint("Weights must be finite.")));
	return x;
}

/* Text for a message or a comparison: no key or preset there is is so long. */
static char *
short_string(const JsonbValue *v)
{
	return pnstrdup(v->val.string.val,
					pg_mbcliplen(v->val.string.val, v->val.string.len,
								 NAMEDATALEN - 1));
}

static void
apply_preset(const Target *target, const JsonbValue *v)
{
	char	   *preset;

	if (v->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"preset\" is not a string"),
				 errhint("The presets are \"seed\" and \"pi\".")));
	preset = short_string(v);
	if (strcmp(preset, "seed") == 0)
		return;					/* the defaults */
	if (strcmp(preset, "pi") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown preset \"%s\"", preset),
				 errhint("The presets are \"seed\" and \"pi\".")));
	if (!target->set->has_pi)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has no preset \"pi\"", target->set->title),
				 errhint("It is a preset of form \"canonical\".")));
	for (const Key *k = target->set->key; k->name != NULL; k++)
		*weight_of(target, k) = k->pi;
}

/* The preset first, then single weights, whatever their order in the object. */
static void
apply_object(const Target *target, int ntargets, Jsonb *weights)
{
	JsonbValue	preset;
	JsonbValue	v;
	JsonbIterator *it;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(weights))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must be a JSON object"),
				 errhint("For example {\"%s\": %g}.",
						 target[0].set->key[0].name,
						 target[0].set->key[0].value)));
	if (getKeyJsonValueFromContainer(&weights->root, "preset", 6, &preset))
		for (int i = 0; i < ntargets; i++)
			apply_preset(&target[i], &preset);

	it = JsonbIteratorInit(&weights->root);
	JsonbIteratorNext(&it, &v, true);	/* the object begins */
	while ((token = JsonbIteratorNext(&it, &v, true)) == WJB_KEY)
	{
		char	   *name = short_string(&v);
		const Key  *key;
		int			i;

		JsonbIteratorNext(&it, &v, true);
		if (strcmp(name, "preset") == 0)
			continue;
		key = find_key(target, ntargets, name, &i);
		*weight_of(&target[i], key) = weight_value(target[i].set, name, &v);
	}
}

static void
divide_by_sum(const Target *target)
{
	double		sum = 0.0;

	for (const Key *k = target->set->key; k->name != NULL; k++)
		sum += *weight_of(target, k);
	if (!isfinite(sum))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights of %s have no finite sum", target->set->title),
				 errhint("They are divided by their sum; only their proportions matter.")));
	if (!(sum > 0.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights of %s have the sum %g", target->set->title, sum),
				 errhint("They are divided by their sum: at least one must be above zero.")));
	for (const Key *k = target->set->key; k->name != NULL; k++)
		*weight_of(target, k) /= sum;
}

/* The defaults, what the object gives in their place, and shares as such. */
static void
fill(const Target *target, int ntargets, Jsonb *weights)
{
	for (int i = 0; i < ntargets; i++)
		for (const Key *k = target[i].set->key; k->name != NULL; k++)
			*weight_of(&target[i], k) = k->value;
	if (weights != NULL)
		apply_object(target, ntargets, weights);
	for (int i = 0; i < ntargets; i++)
		if (target[i].set->shares)
			divide_by_sum(&target[i]);
}

TnfrFormWeights
tnfr_form_weights(TnfrForm form, Jsonb *weights)
{
	TnfrFormWeights w = {0};
	const Target target = {&forms[form].set, &w};

	fill(&target, 1, weights);
	return w;
}

void
tnfr_si_weights(TnfrForm form, Jsonb *weights, TnfrFormWeights *form_weights,
				TnfrSiWeights *si_weights)
{
	const Target target[] = {{&forms[form].set, form_weights}, {&si_keys, si_weights}};

	*form_weights = (TnfrFormWeights) {0};
	fill(target, lengthof(target), weights);
}
