/*
 * graphblas.c
 *		The neighbour sums by SuiteSparse:GraphBLAS: GrB_mxm of the sparse
 *		matrix with an n x 4 dense one over the conventional semiring.
 *
 * GraphBLAS picks its algorithm from the formats of the operands, and the
 * difference between a lucky and an unlucky choice is large.  To be fair to
 * it, every combination of orientations, formats, method hints and of a new
 * result against an accumulated one is tried on a smaller network, and the
 * fastest few again on the one that is reported; the best counts.
 *
 * A GrB_Matrix cannot hold two entries in one place, so duplicate arcs are
 * added up when it is built.  It therefore has a little less to do.
 */
#include <GraphBLAS.h>
#include <string.h>

#include "bench.h"

#define SHORTLIST	6

typedef struct
{
	int			a_format;		/* GxB_BY_ROW or GxB_BY_COL */
	int			b_format;
	int			b_sparsity;		/* GxB_FULL or GxB_BITMAP */
	int			c_format;
	int			method;			/* GxB_DEFAULT, GxB_AxB_DOT, GxB_AxB_SAXPY */
	int			accumulate;
	double		seconds;
} Variant;

static void
check(GrB_Info info, const char *what)
{
	if (info != GrB_SUCCESS)
	{
		fprintf(stderr, "graphblas: %s failed with %d\n", what, (int) info);
		exit(1);
	}
}

#define TRY(call) check(call, #call)

static GrB_Matrix
sparse_matrix(const Network *net, int format)
{
	GrB_Matrix	a;
	GrB_Index  *row = bench_alloc(net->arcs * sizeof(GrB_Index));
	GrB_Index  *col = bench_alloc(net->arcs * sizeof(GrB_Index));

	for (uint64_t k = 0; k < net->arcs; k++)
	{
		row[k] = net->src[k];
		col[k] = net->dst[k];
	}
	TRY(GrB_Matrix_new(&a, GrB_FP64, net->nodes, net->nodes));
	TRY(GxB_Matrix_Option_set(a, GxB_FORMAT, format));
	TRY(GxB_Matrix_Option_set(a, GxB_SPARSITY_CONTROL, GxB_SPARSE));
	TRY(GrB_Matrix_build_FP64(a, row, col, net->weight, net->arcs, GrB_PLUS_FP64));
	TRY(GrB_Matrix_wait(a, GrB_MATERIALIZE));
	free(row);
	free(col);
	return a;
}

static GrB_Matrix
dense_matrix(const Network *net, int format, int sparsity)
{
	GrB_Matrix	b;
	GrB_Index	bytes = net->nodes * STATE_WIDTH * sizeof(double);
	void	   *values = malloc(bytes);

	if (values == NULL)
		check(GrB_OUT_OF_MEMORY, "dense_matrix");
	memcpy(values, net->state, bytes);
	TRY(GrB_Matrix_new(&b, GrB_FP64, net->nodes, STATE_WIDTH));
	TRY(GxB_Matrix_pack_FullR(b, &values, bytes, false, NULL));
	TRY(GxB_Matrix_Option_set(b, GxB_FORMAT, format));
	TRY(GxB_Matrix_Option_set(b, GxB_SPARSITY_CONTROL, sparsity));
	TRY(GrB_Matrix_wait(b, GrB_MATERIALIZE));
	return b;
}

/* The result of one product, finished, and the seconds it took. */
static double
multiply(const Network *net, GrB_Matrix a, GrB_Matrix b, const Variant *v,
		 GrB_Matrix *c)
{
	GrB_Descriptor desc;
	double		start;

	TRY(GrB_Descriptor_new(&desc));
	TRY(GxB_Desc_set(desc, GxB_AxB_METHOD, v->method));
	TRY(GrB_Matrix_new(c, GrB_FP64, net->nodes, STATE_WIDTH));
	TRY(GxB_Matrix_Option_set(*c, GxB_FORMAT, v->c_format));

	start = now();
	if (v->accumulate)
	{
		TRY(GrB_Matrix_assign_FP64(*c, NULL, NULL, 0.0, GrB_ALL, net->nodes,
								   GrB_ALL, STATE_WIDTH, NULL));
		TRY(GrB_mxm(*c, NULL, GrB_PLUS_FP64, GrB_PLUS_TIMES_SEMIRING_FP64,
					a, b, desc));
	}
	else
		TRY(GrB_mxm(*c, NULL, NULL, GrB_PLUS_TIMES_SEMIRING_FP64, a, b, desc));
	TRY(GrB_Matrix_wait(*c, GrB_MATERIALIZE));
	start = now() - start;

	TRY(GrB_Descriptor_free(&desc));
	return start;
}

/*
 * Runs after one to warm up: their median, which is reported, and the fastest,
 * which a busy machine disturbs least and the search therefore goes by.
 */
static double
time_variant(const Network *net, GrB_Matrix a, GrB_Matrix b, const Variant *v,
			 int repetitions, double *fastest)
{
	double	   *seconds = bench_alloc(sizeof(double) * (size_t) repetitions);
	double		result;

	for (int run = -1; run < repetitions; run++)
	{
		GrB_Matrix	c;
		double		taken = multiply(net, a, b, v, &c);

		if (run >= 0)
			seconds[run] = taken;
		TRY(GrB_Matrix_free(&c));
	}
	result = median(seconds, repetitions);	/* which sorts them */
	*fastest = seconds[0];
	free(seconds);
	return result;
}

static int
faster(const void *a, const void *b)
{
	return compare_doubles(&((const Variant *) a)->seconds,
						   &((const Variant *) b)->seconds);
}

static void
print_variant(const Variant *v, int threads, double seconds)
{
	printf("  GrB_mxm A by %s, B %s by %s, C by %s, %s%s, %d thread%s: %.1f ms\n",
		   v->a_format == GxB_BY_ROW ? "row" : "col",
		   v->b_sparsity == GxB_FULL ? "full" : "bitmap",
		   v->b_format == GxB_BY_ROW ? "row" : "col",
		   v->c_format == GxB_BY_ROW ? "row" : "col",
		   v->method == GxB_DEFAULT ? "own choice" :
		   v->method == GxB_AxB_DOT ? "dot" : "saxpy",
		   v->accumulate ? ", accumulated" : "", threads,
		   threads == 1 ? "" : "s", 1e3 * seconds);
}

/* All variants on a network, fastest first. */
static int
search(const Network *net, Variant *variant)
{
	static const int format[] = {GxB_BY_ROW, GxB_BY_COL};
	static const int sparsity[] = {GxB_FULL, GxB_BITMAP};
	static const int method[] = {GxB_DEFAULT, GxB_AxB_DOT, GxB_AxB_SAXPY};
	int			count = 0;

	for (int i = 0; i < 2; i++)
	{
		GrB_Matrix	a = sparse_matrix(net, format[i]);

		for (int j = 0; j < 4; j++)
		{
			GrB_Matrix	b = dense_matrix(net, format[j % 2], sparsity[j / 2]);

			for (int k = 0; k < 12; k++)
			{
				Variant    *v = &variant[count++];

				*v = (Variant) {
					format[i], format[j % 2], sparsity[j / 2],
						format[k % 2], method[k / 4], k / 2 % 2, 0
				};
				time_variant(net, a, b, v, 3, &v->seconds);
			}
			TRY(GrB_Matrix_free(&b));
		}
		TRY(GrB_Matrix_free(&a));
	}
	qsort(variant, (size_t) count, sizeof(Variant), faster);
	return count;
}

/* Best medians on one and two threads, and the sums row by row. */
void
bench_graphblas(const Network *net, const Network *small, int repetitions,
				double *sums)
{
	Variant		variant[96];
	double		best[3] = {0, 0, 0};
	GrB_Matrix	a[2];
	GrB_Index	entries;

	TRY(GrB_init(GrB_NONBLOCKING));
	TRY(GxB_Global_Option_set(GxB_GLOBAL_NTHREADS, 2));
	search(small, variant);

	a[0] = sparse_matrix(net, GxB_BY_ROW);
	a[1] = sparse_matrix(net, GxB_BY_COL);
	TRY(GrB_Matrix_nvals(&entries, a[0]));
	bench_record("graphblas_entries", (double) entries);

	for (int i = 0; i < SHORTLIST; i++)
	{
		const Variant *v = &variant[i];
		GrB_Matrix	from = a[v->a_format == GxB_BY_ROW ? 0 : 1];
		GrB_Matrix	b = dense_matrix(net, v->b_format, v->b_sparsity);
		GrB_Matrix	c;

		for (int threads = 1; threads <= 2; threads++)
		{
			double		seconds;
			double		fastest;

			TRY(GxB_Global_Option_set(GxB_GLOBAL_NTHREADS, threads));
			seconds = time_variant(net, from, b, v, repetitions, &fastest);
			print_variant(v, threads, seconds);
			if (best[threads] == 0 || seconds < best[threads])
				best[threads] = seconds;
		}
		if (i == 0)
		{
			multiply(net, from, b, v, &c);
			for (uint64_t row = 0; row < net->nodes * STATE_WIDTH; row++)
			{
				/* A row without entries has no values unless accumulated. */
				sums[row] = 0;
				GrB_Matrix_extractElement_FP64(&sums[row], c, row / STATE_WIDTH,
											   row % STATE_WIDTH);
			}
			TRY(GrB_Matrix_free(&c));
		}
		TRY(GrB_Matrix_free(&b));
	}
	bench_record("graphblas_1", best[1]);
	bench_record("graphblas_2", best[2]);
	TRY(GrB_Matrix_free(&a[0]));
	TRY(GrB_Matrix_free(&a[1]));
	TRY(GrB_finalize());
}
