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

/* A weight: its key in the JSON object and its place in TnfrFormWeights. */
typedef struct Key
{
	const char *name;
	size_t		offset;
	double		value;			/* SPEC 3 */
	double		pi;				/* in the preset "pi", canonical only */
} Key;

typedef struct Form
{
	const char *name;
	bool		normalised;		/* weights are shares: none negative, sum 1 */
	Key			key[MAX_KEYS + 1];
} Form;

#define KEY(field)	#field, offsetof(TnfrFormWeights, field)

static const Form forms[] = {
	[TNFR_FORM_GRADIENT] = {"gradient", false, {
		{KEY(epi), 0.7, 0}, {KEY(sin), 0.3, 0}
	}},
	[TNFR_FORM_CANONICAL] = {"canonical", true, {
		{KEY(phase), 0.34, M_PI / (M_PI + 1)},
		{KEY(epi), 0.33, M_PI / ((M_PI + 1) * (M_PI + 1))},
		{KEY(vf), 0.33, 1 / ((M_PI + 1) * (M_PI + 1))},
		{KEY(topo), 0, 0}
	}},
	[TNFR_FORM_PHASE] = {"phase", false, {
		{KEY(phase), 1, 0}
	}},
	[TNFR_FORM_EPI_VF] = {"epi_vf", false, {
		{KEY(epi), 0.5, 0}, {KEY(vf), 0.5, 0}
	}},
	[TNFR_FORM_LAPLACIAN] = {"laplacian", false, {
		{KEY(epi), 0.33, 0}, {KEY(vf), 0.33, 0}
	}}
};

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
weight_of(TnfrFormWeights *w, const Key *key)
{
	return (double *) ((char *) w + key->offset);
}

static const Key *
find_key(const Form *form, const char *name)
{
	StringInfoData names;

	initStringInfo(&names);
	for (const Key *k = form->key; k->name != NULL; k++)
	{
		if (strcmp(k->name, name) == 0)
			return k;
		appendStringInfo(&names, "\"%s\", ", k->name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown weight \"%s\" for form \"%s\"", name, form->name),
			 errhint("The keys are %s\"preset\".", names.data)));
}

static double
weight_value(const Form *form, const char *name, const JsonbValue *v)
{
	double		x;

	if (v->type != jbvNumeric)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight \"%s\" is not a number", name)));
	x = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
										   NumericGetDatum(v->val.numeric)));
	if (!isfinite(x) || (form->normalised && x < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight \"%s\" is out of range: %g", name, x),
				 form->normalised ?
				 errhint("Weights of form \"%s\" must be zero or more.", form->name) :
				 errhint("Weights must be finite.")));
	return x;
}

static void
apply_preset(const Form *form, const JsonbValue *v, TnfrFormWeights *w)
{
	char	   *preset;

	if (v->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"preset\" is not a string"),
				 errhint("The presets are \"seed\" and \"pi\".")));
	preset = pnstrdup(v->val.string.val,
					  pg_mbcliplen(v->val.string.val, v->val.string.len,
								   NAMEDATALEN - 1));
	if (strcmp(preset, "seed") == 0)
		return;					/* the defaults */
	if (strcmp(preset, "pi") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown preset \"%s\"", preset),
				 errhint("The presets are \"seed\" and \"pi\".")));
	if (form != &forms[TNFR_FORM_CANONICAL])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("form \"%s\" has no preset \"pi\"", form->name),
				 errhint("It is a preset of form \"canonical\".")));
	for (const Key *k = form->key; k->name != NULL; k++)
		*weight_of(w, k) = k->pi;
}

/* The preset first, then single weights, whatever their order in the object. */
static void
apply_object(const Form *form, Jsonb *weights, TnfrFormWeights *w)
{
	JsonbValue	preset;
	JsonbValue	v;
	JsonbIterator *it;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(weights))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must be a JSON object"),
				 errhint("For example {\"%s\": %g}.", form->key[0].name,
						 form->key[0].value)));
	if (getKeyJsonValueFromContainer(&weights->root, "preset", 6, &preset))
		apply_preset(form, &preset, w);

	it = JsonbIteratorInit(&weights->root);
	JsonbIteratorNext(&it, &v, true);	/* the object begins */
	while ((token = JsonbIteratorNext(&it, &v, true)) == WJB_KEY)
	{
		/* no key there is is so long: what is cut off only shows in an error */
		char	   *name = pnstrdup(v.val.string.val,
									pg_mbcliplen(v.val.string.val,
												 v.val.string.len,
												 NAMEDATALEN - 1));

		JsonbIteratorNext(&it, &v, true);
		if (strcmp(name, "preset") != 0)
			*weight_of(w, find_key(form, name)) = weight_value(form, name, &v);
	}
}

static void
normalise(const Form *form, TnfrFormWeights *w)
{
	double		sum = 0.0;

	for (const Key *k = form->key; k->name != NULL; k++)
		sum += *weight_of(w, k);
	if (!isfinite(sum))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights of form \"%s\" have no finite sum", form->name),
				 errhint("They are divided by their sum; only their proportions matter.")));
	if (!(sum > 0.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights of form \"%s\" have the sum %g", form->name, sum),
				 errhint("They are divided by their sum: at least one must be above zero.")));
	for (const Key *k = form->key; k->name != NULL; k++)
		*weight_of(w, k) /= sum;
}

TnfrFormWeights
tnfr_form_weights(TnfrForm form, Jsonb *weights)
{
	const Form *f = &forms[form];
	TnfrFormWeights w = {0};

	for (const Key *k = f->key; k->name != NULL; k++)
		*weight_of(&w, k) = k->value;
	if (weights != NULL)
		apply_object(f, weights, &w);
	if (f->normalised)
		normalise(f, &w);
	return w;
}
