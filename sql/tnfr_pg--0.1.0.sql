-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION tnfr_pg" to load this file. \quit

-- functions over networks in tables

CREATE FUNCTION tnfr_dnfr_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_dnfr_support(internal) IS
	'planner support: rows and cost of functions over a network in tables';

CREATE FUNCTION tnfr_dnfr(edges regclass, nodes regclass,
		form text DEFAULT 'gradient', directed boolean DEFAULT false,
		weights jsonb DEFAULT NULL)
	RETURNS TABLE (node bigint, dnfr double precision)
	AS 'MODULE_PATHNAME', 'tnfr_dnfr_tables' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_dnfr(regclass, regclass, text, boolean, jsonb) IS
	'structural reorganisation gradient (Delta-NFR) of every node of a network, ascending by node';
