/*
 * compat.h
 *	  What differs between the PostgreSQL versions we build on.
 */
#ifndef TNFR_PG_COMPAT_H
#define TNFR_PG_COMPAT_H

#include "postgres.h"

#include "fmgr.h"

/* 18 shows an extension's name and version in pg_get_loaded_modules(). */
#ifdef PG_MODULE_MAGIC_EXT
#define TNFR_MODULE_MAGIC \
	PG_MODULE_MAGIC_EXT(.name = "tnfr_pg", .version = TNFR_VERSION)
#else
#define TNFR_MODULE_MAGIC	PG_MODULE_MAGIC
#endif

#endif							/* TNFR_PG_COMPAT_H */
