/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store's file changed behind the back of whoever has it open: damage, or a state that takes long
 * to come about. Fails the running test when SQLite refuses.
 */
#pragma once

void store_sql(const char *directory, const char *sql);
