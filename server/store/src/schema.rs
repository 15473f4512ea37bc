//! The tables as diesel sees them: one file for both engines; `schema_parity` compares it with the databases.

diesel::table! {
    /// Rows of `organisations`.
    organisations (id) {
        /// Column `id`.
        id -> Text,
        /// Column `code`.
        code -> Text,
        /// Column `name`.
        name -> Text,
        /// Column `zone`.
        zone -> Text,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `store_epoch`.
    store_epoch (id) {
        /// Column `id`.
        id -> Text,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
        /// Column `previous_id`.
        previous_id -> Nullable<Text>,
        /// Column `backup_made_at_ms`.
        backup_made_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `signing_keys`.
    signing_keys (kid) {
        /// Column `kid`.
        kid -> Text,
        /// Column `purpose`.
        purpose -> Text,
        /// Column `public_key`.
        public_key -> Binary,
        /// Column `private_key`.
        private_key -> Binary,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
        /// Column `retired_at_ms`.
        retired_at_ms -> Nullable<BigInt>,
        /// Column `revoked_at_ms`.
        revoked_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `number_series`.
    number_series (org_id, series) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `series`.
        series -> Text,
        /// Column `next_value`.
        next_value -> BigInt,
    }
}

diesel::table! {
    /// Rows of `teams`.
    teams (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `name`.
        name -> Text,
        /// Column `code`.
        code -> Nullable<Text>,
        /// Column `lead_id`.
        lead_id -> Nullable<Text>,
        /// Column `version`.
        version -> BigInt,
    }
}

diesel::table! {
    /// Rows of `grids`.
    grids (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `name`.
        name -> Text,
        /// Column `code`.
        code -> Nullable<Text>,
        /// Column `version`.
        version -> BigInt,
    }
}

diesel::table! {
    /// Rows of `users`.
    users (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `login`.
        login -> Text,
        /// Column `name`.
        name -> Text,
        /// Column `staff_number`.
        staff_number -> Nullable<Text>,
        /// Column `team_id`.
        team_id -> Nullable<Text>,
        /// Column `password_hash`.
        password_hash -> Nullable<Text>,
        /// Column `is_disabled`.
        is_disabled -> Bool,
        /// Column `version`.
        version -> BigInt,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
        /// Column `phone`.
        phone -> Nullable<Text>,
    }
}

diesel::table! {
    /// Rows of `user_roles`.
    user_roles (org_id, user_id, role) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `role`.
        role -> Text,
    }
}

diesel::table! {
    /// Rows of `login_delays`.
    login_delays (org_id, login) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `login`.
        login -> Text,
        /// Column `failures`.
        failures -> BigInt,
        /// Column `blocked_until_ms`.
        blocked_until_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `devices`.
    devices (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `name`.
        name -> Text,
        /// Column `kid`.
        kid -> Text,
        /// Column `public_key`.
        public_key -> Binary,
        /// Column `state`.
        state -> Text,
        /// Column `enrolled_at_ms`.
        enrolled_at_ms -> BigInt,
        /// Column `revoked_at_ms`.
        revoked_at_ms -> Nullable<BigInt>,
        /// Column `last_seen_at_ms`.
        last_seen_at_ms -> Nullable<BigInt>,
        /// Column `unsent`.
        unsent -> BigInt,
        /// Column `oldest_unsent_at_ms`.
        oldest_unsent_at_ms -> Nullable<BigInt>,
        /// Column `free_bytes`.
        free_bytes -> Nullable<BigInt>,
        /// Column `clock_skew_ms`.
        clock_skew_ms -> Nullable<BigInt>,
        /// Column `order_id`.
        order_id -> Nullable<Text>,
        /// Column `unsent_visits`.
        unsent_visits -> Nullable<Text>,
        /// Column `receipts_kept_at_ms`.
        receipts_kept_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `enrolment_codes`.
    enrolment_codes (org_id, user_id, code_hash) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `code_hash`.
        code_hash -> Text,
        /// Column `tries_left`.
        tries_left -> BigInt,
        /// Column `expires_at_ms`.
        expires_at_ms -> BigInt,
        /// Column `used_at_ms`.
        used_at_ms -> Nullable<BigInt>,
        /// Column `created_by`.
        created_by -> Text,
    }
}

diesel::table! {
    /// Rows of `refresh_families`.
    refresh_families (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `device_id`.
        device_id -> Nullable<Text>,
        /// Column `current_hash`.
        current_hash -> Text,
        /// Column `previous_hash`.
        previous_hash -> Nullable<Text>,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
        /// Column `last_used_at_ms`.
        last_used_at_ms -> BigInt,
        /// Column `revoked_at_ms`.
        revoked_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `nonces`.
    nonces (org_id, nonce) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `nonce`.
        nonce -> Text,
        /// Column `expires_at_ms`.
        expires_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `customers`.
    customers (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `name`.
        name -> Text,
        /// Column `name_folded`.
        name_folded -> Text,
        /// Column `address`.
        address -> Text,
        /// Column `address_folded`.
        address_folded -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `customer_phones`.
    customer_phones (org_id, customer_id, position) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `customer_id`.
        customer_id -> Text,
        /// Column `position`.
        position -> BigInt,
        /// Column `phone`.
        phone -> Text,
        /// Column `digits`.
        digits -> Text,
        /// Column `last_four`.
        last_four -> Text,
    }
}

diesel::table! {
    /// Rows of `sites`.
    sites (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `customer_id`.
        customer_id -> Text,
        /// Column `grid_id`.
        grid_id -> Nullable<Text>,
        /// Column `address`.
        address -> Text,
        /// Column `address_folded`.
        address_folded -> Text,
        /// Column `lat_udeg`.
        lat_udeg -> Nullable<BigInt>,
        /// Column `lon_udeg`.
        lon_udeg -> Nullable<BigInt>,
        /// Column `acc_m`.
        acc_m -> Nullable<BigInt>,
        /// Column `datum`.
        datum -> Nullable<Text>,
        /// Column `scene`.
        scene -> Text,
        /// Column `access_note`.
        access_note -> Nullable<Text>,
        /// Column `version`.
        version -> BigInt,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `templates`.
    templates (org_id, code, version) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `code`.
        code -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `body`.
        body -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `published_at_ms`.
        published_at_ms -> BigInt,
        /// Column `effective_from_ms`.
        effective_from_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `policies`.
    policies (org_id, version) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `body`.
        body -> Text,
        /// Column `effective_from_ms`.
        effective_from_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `calendars`.
    calendars (org_id, version) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `body`.
        body -> Text,
        /// Column `published_at_ms`.
        published_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `work_orders`.
    work_orders (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `number`.
        number -> Nullable<Text>,
        /// Column `external_ref`.
        external_ref -> Nullable<Text>,
        /// Column `number_209`.
        number_209 -> Nullable<Text>,
        /// Column `kind`.
        kind -> Text,
        /// Column `channel`.
        channel -> Text,
        /// Column `customer_id`.
        customer_id -> Text,
        /// Column `site_id`.
        site_id -> Text,
        /// Column `fields`.
        fields -> Text,
        /// Column `priority`.
        priority -> BigInt,
        /// Column `version`.
        version -> BigInt,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `appointments`.
    appointments (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `work_order_id`.
        work_order_id -> Text,
        /// Column `attempt`.
        attempt -> BigInt,
        /// Column `start_ms`.
        start_ms -> BigInt,
        /// Column `end_ms`.
        end_ms -> Nullable<BigInt>,
        /// Column `proposed_by`.
        proposed_by -> Text,
        /// Column `state`.
        state -> Text,
        /// Column `changes`.
        changes -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `agreed_at_ms`.
        agreed_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `visits`.
    visits (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `number`.
        number -> Nullable<Text>,
        /// Column `origin`.
        origin -> Text,
        /// Column `work_order_id`.
        work_order_id -> Nullable<Text>,
        /// Column `template`.
        template -> Text,
        /// Column `template_version`.
        template_version -> BigInt,
        /// Column `policy_version`.
        policy_version -> BigInt,
        /// Column `assignment_epoch`.
        assignment_epoch -> BigInt,
        /// Column `appointment_id`.
        appointment_id -> Nullable<Text>,
        /// Column `planned_start_ms`.
        planned_start_ms -> Nullable<BigInt>,
        /// Column `attempt`.
        attempt -> BigInt,
        /// Column `previous_visit_id`.
        previous_visit_id -> Nullable<Text>,
        /// Column `priority`.
        priority -> BigInt,
        /// Column `cancelled_at_ms`.
        cancelled_at_ms -> Nullable<BigInt>,
        /// Column `cancel_reason`.
        cancel_reason -> Nullable<Text>,
        /// Column `closed_at_ms`.
        closed_at_ms -> Nullable<BigInt>,
        /// Column `evidence_complete_at_ms`.
        evidence_complete_at_ms -> Nullable<BigInt>,
        /// Column `state`.
        state -> Text,
        /// Column `outcome`.
        outcome -> Nullable<Text>,
        /// Column `submitted_at_ms`.
        submitted_at_ms -> Nullable<BigInt>,
        /// Column `missing_blobs`.
        missing_blobs -> BigInt,
        /// Column `version`.
        version -> BigInt,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
        /// Column `pinned_template`.
        pinned_template -> Nullable<Text>,
        /// Column `pinned_policy_version`.
        pinned_policy_version -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `assignments`.
    assignments (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `rep_id`.
        rep_id -> Text,
        /// Column `epoch`.
        epoch -> BigInt,
        /// Column `from_ms`.
        from_ms -> BigInt,
        /// Column `until_ms`.
        until_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `documents`.
    documents (org_id, visit_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `heads`.
        heads -> Text,
        /// Column `change_index`.
        change_index -> Binary,
        /// Column `snapshot`.
        snapshot -> Binary,
        /// Column `packed_through`.
        packed_through -> BigInt,
        /// Column `pack_weight`.
        pack_weight -> BigInt,
    }
}

diesel::table! {
    /// Rows of `doc_changes`.
    doc_changes (org_id, visit_id, seq) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `seq`.
        seq -> BigInt,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `received_at_ms`.
        received_at_ms -> BigInt,
        /// Column `is_document_chunk`.
        is_document_chunk -> Bool,
        /// Column `positions`.
        positions -> Text,
        /// Column `bytes`.
        bytes -> Binary,
        /// Column `packed_bytes`.
        packed_bytes -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `doc_packs`.
    doc_packs (org_id, visit_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `through_seq`.
        through_seq -> BigInt,
        /// Column `content_bytes`.
        content_bytes -> BigInt,
        /// Column `bytes`.
        bytes -> Binary,
    }
}

diesel::table! {
    /// Rows of `doc_actors`.
    doc_actors (org_id, actor) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `actor`.
        actor -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `device_id`.
        device_id -> Text,
    }
}

diesel::table! {
    /// Rows of `quarantine`.
    quarantine (org_id, id, device_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `visit_id`.
        visit_id -> Nullable<Text>,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `code`.
        code -> Text,
        /// Column `bytes`.
        bytes -> Binary,
        /// Column `received_at_ms`.
        received_at_ms -> BigInt,
        /// Column `state`.
        state -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `settled_at_ms`.
        settled_at_ms -> Nullable<BigInt>,
        /// Column `settled_by`.
        settled_by -> Nullable<Text>,
        /// Column `remark`.
        remark -> Nullable<Text>,
        /// Column `sha256`.
        sha256 -> Nullable<Text>,
        /// Column `replays`.
        replays -> Nullable<Binary>,
    }
}

diesel::table! {
    /// Rows of `batch_seal_parts`.
    batch_seal_parts (org_id, device_id, digest, part) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `digest`.
        digest -> Text,
        /// Column `part`.
        part -> BigInt,
        /// Column `held`.
        held -> Text,
        /// Column `received_at_ms`.
        received_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `batch_seals`.
    batch_seals (org_id, device_id, digest) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `digest`.
        digest -> Text,
        /// Column `list`.
        list -> Text,
        /// Column `seal`.
        seal -> Text,
        /// Column `received_at_ms`.
        received_at_ms -> BigInt,
        /// Column `held`.
        held -> Nullable<Text>,
    }
}

diesel::table! {
    /// Rows of `feed`.
    feed (org_id, audience, kind, item) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `audience`.
        audience -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `item`.
        item -> Text,
        /// Column `pos`.
        pos -> BigInt,
        /// Column `entered_pos`.
        entered_pos -> BigInt,
        /// Column `op`.
        op -> Text,
    }
}

diesel::table! {
    /// Rows of `audience_heads`.
    audience_heads (org_id, audience) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `audience`.
        audience -> Text,
        /// Column `pos`.
        pos -> BigInt,
    }
}

diesel::table! {
    /// Rows of `intents`.
    intents (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `bytes`.
        bytes -> Binary,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `result`.
        result -> Text,
        /// Column `result_body`.
        result_body -> Text,
        /// Column `received_at_ms`.
        received_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `statements`.
    statements (org_id, digest) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `digest`.
        digest -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `body`.
        body -> Binary,
        /// Column `seal`.
        seal -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `received_at_ms`.
        received_at_ms -> BigInt,
        /// Column `late_reason`.
        late_reason -> Nullable<Text>,
    }
}

diesel::table! {
    /// Rows of `blobs`.
    blobs (org_id, sha256) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `bytes`.
        bytes -> BigInt,
        /// Column `media_type`.
        media_type -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `received_at_ms`.
        received_at_ms -> BigInt,
        /// Column `preview_state`.
        preview_state -> Text,
        /// Column `preview_reason`.
        preview_reason -> Nullable<Text>,
        /// Column `ingest_attempts`.
        ingest_attempts -> Nullable<BigInt>,
        /// Column `ingest_version`.
        ingest_version -> BigInt,
        /// Column `ingest_due_ms`.
        ingest_due_ms -> Nullable<BigInt>,
        /// Column `ingest_retries`.
        ingest_retries -> Nullable<BigInt>,
        /// Column `is_quarantined`.
        is_quarantined -> Bool,
        /// Column `claimed_at_ms`.
        claimed_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `visit_statements`.
    visit_statements (org_id, visit_id, digest) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `digest`.
        digest -> Text,
    }
}

diesel::table! {
    /// Rows of `blob_bringers`.
    blob_bringers (org_id, sha256, device_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `received_at_ms`.
        received_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `intent_blobs`.
    intent_blobs (org_id, intent_id, sha256) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `intent_id`.
        intent_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `user_id`.
        user_id -> Text,
    }
}

diesel::table! {
    /// Rows of `photo_checks`.
    photo_checks (org_id, visit_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `revision`.
        revision -> BigInt,
        /// Column `due_at_ms`.
        due_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `photo_looks`.
    photo_looks (org_id, visit_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `rules_version`.
        rules_version -> BigInt,
        /// Column `policy_version`.
        policy_version -> BigInt,
        /// Column `awaited_policy`.
        awaited_policy -> Nullable<BigInt>,
        /// Column `looked_at_ms`.
        looked_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `photo_near_misses`.
    photo_near_misses (org_id, visit_id, photo_id, sha256) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `photo_id`.
        photo_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `bits`.
        bits -> BigInt,
        /// Column `same_site`.
        same_site -> Bool,
    }
}

diesel::table! {
    /// Rows of `photo_sightings`.
    photo_sightings (org_id, visit_id, photo_id, sha256) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `photo_id`.
        photo_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `seq`.
        seq -> BigInt,
        /// Column `site_id`.
        site_id -> Nullable<Text>,
        /// Column `device_id`.
        device_id -> Nullable<Text>,
        /// Column `taken_at_ms`.
        taken_at_ms -> BigInt,
        /// Column `prints_seq`.
        prints_seq -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `finding_decisions`.
    finding_decisions (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `photo_id`.
        photo_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `code`.
        code -> Text,
        /// Column `level`.
        level -> BigInt,
        /// Column `evidence`.
        evidence -> Text,
        /// Column `decision`.
        decision -> Text,
        /// Column `comment`.
        comment -> Nullable<Text>,
        /// Column `decided_by`.
        decided_by -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `findings`.
    findings (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `photo_id`.
        photo_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `code`.
        code -> Text,
        /// Column `level`.
        level -> BigInt,
        /// Column `evidence`.
        evidence -> Text,
        /// Column `earlier_visit_id`.
        earlier_visit_id -> Nullable<Text>,
        /// Column `earlier_photo_id`.
        earlier_photo_id -> Nullable<Text>,
        /// Column `earlier_sha256`.
        earlier_sha256 -> Nullable<Text>,
        /// Column `state`.
        state -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `made_at_ms`.
        made_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `blob_facts`.
    blob_facts (org_id, sha256) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `made_at_ms`.
        made_at_ms -> BigInt,
        /// Column `width`.
        width -> BigInt,
        /// Column `height`.
        height -> BigInt,
        /// Column `orientation`.
        orientation -> Nullable<BigInt>,
        /// Column `taken_at`.
        taken_at -> Nullable<Text>,
        /// Column `make`.
        make -> Nullable<Text>,
        /// Column `model`.
        model -> Nullable<Text>,
        /// Column `software`.
        software -> Nullable<Text>,
        /// Column `latitude_udeg`.
        latitude_udeg -> Nullable<BigInt>,
        /// Column `longitude_udeg`.
        longitude_udeg -> Nullable<BigInt>,
        /// Column `has_provenance`.
        has_provenance -> Bool,
        /// Column `sharpness_p90_c`.
        sharpness_p90_c -> BigInt,
        /// Column `sharpness_all_c`.
        sharpness_all_c -> BigInt,
        /// Column `mean_luma_c`.
        mean_luma_c -> BigInt,
        /// Column `dark_permille`.
        dark_permille -> BigInt,
        /// Column `bright_permille`.
        bright_permille -> BigInt,
        /// Column `detail_c`.
        detail_c -> BigInt,
        /// Column `prints`.
        prints -> Binary,
    }
}

diesel::table! {
    /// Rows of `blob_claims`.
    blob_claims (org_id, visit_id, sha256, source) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `source`.
        source -> Text,
        /// Column `is_required`.
        is_required -> Bool,
    }
}

diesel::table! {
    /// Rows of `visit_photos`.
    visit_photos (org_id, visit_id, photo_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `photo_id`.
        photo_id -> Text,
        /// Column `ordinal`.
        ordinal -> BigInt,
        /// Column `kind`.
        kind -> Text,
        /// Column `slot`.
        slot -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `bytes`.
        bytes -> BigInt,
        /// Column `media_type`.
        media_type -> Text,
        /// Column `taken_at_ms`.
        taken_at_ms -> BigInt,
        /// Column `source`.
        source -> Text,
        /// Column `taken_by`.
        taken_by -> Text,
        /// Column `is_current`.
        is_current -> Bool,
    }
}

diesel::table! {
    /// Rows of `visit_readings`.
    visit_readings (org_id, visit_id, reading_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `reading_id`.
        reading_id -> Text,
        /// Column `ordinal`.
        ordinal -> BigInt,
        /// Column `code`.
        code -> Text,
        /// Column `value`.
        value -> Text,
        /// Column `unit`.
        unit -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
        /// Column `taken_by`.
        taken_by -> Text,
    }
}

diesel::table! {
    /// Rows of `visit_answers`.
    visit_answers (org_id, visit_id, question) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `question`.
        question -> Text,
        /// Column `value`.
        value -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
        /// Column `given_by`.
        given_by -> Text,
    }
}

diesel::table! {
    /// Rows of `visit_events`.
    visit_events (org_id, visit_id, event_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `event_id`.
        event_id -> Text,
        /// Column `ordinal`.
        ordinal -> BigInt,
        /// Column `event`.
        event -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
        /// Column `done_by`.
        done_by -> Text,
        /// Column `err_ms`.
        err_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `verdicts`.
    verdicts (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `photo_id`.
        photo_id -> Nullable<Text>,
        /// Column `body`.
        body -> Text,
        /// Column `decision`.
        decision -> Text,
        /// Column `decided_by`.
        decided_by -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `conflict_choices`.
    conflict_choices (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `body`.
        body -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `visit_conflicts`.
    visit_conflicts (org_id, visit_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `open_count`.
        open_count -> BigInt,
        /// Column `total_count`.
        total_count -> BigInt,
    }
}

diesel::table! {
    /// Rows of `late_work`.
    late_work (org_id, visit_id, seq) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `seq`.
        seq -> BigInt,
        /// Column `body`.
        body -> Text,
    }
}

diesel::table! {
    /// Rows of `late_decisions`.
    late_decisions (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `body`.
        body -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `visit_late_work`.
    visit_late_work (org_id, visit_id, reason) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `reason`.
        reason -> Text,
        /// Column `undecided_count`.
        undecided_count -> BigInt,
        /// Column `total_count`.
        total_count -> BigInt,
    }
}

diesel::table! {
    /// Rows of `reworks`.
    reworks (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `body`.
        body -> Text,
        /// Column `opened_at_ms`.
        opened_at_ms -> BigInt,
        /// Column `answered_at_ms`.
        answered_at_ms -> Nullable<BigInt>,
        /// Column `version`.
        version -> BigInt,
    }
}

diesel::table! {
    /// Rows of `review_claims`.
    review_claims (org_id, visit_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `reviewer_id`.
        reviewer_id -> Text,
        /// Column `until_ms`.
        until_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `audit_events`.
    audit_events (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
        /// Column `actor_id`.
        actor_id -> Nullable<Text>,
        /// Column `device_id`.
        device_id -> Nullable<Text>,
        /// Column `kind`.
        kind -> Text,
        /// Column `subject`.
        subject -> Text,
        /// Column `detail`.
        detail -> Text,
    }
}

diesel::table! {
    /// Rows of `idempotency_keys`.
    idempotency_keys (org_id, user_id, idempotency_key) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `idempotency_key`.
        idempotency_key -> Text,
        /// Column `fingerprint`.
        fingerprint -> Text,
        /// Column `status`.
        status -> BigInt,
        /// Column `version`.
        version -> Nullable<BigInt>,
        /// Column `body`.
        body -> Text,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `complete_receipts`.
    complete_receipts (org_id, visit_id, number) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `number`.
        number -> BigInt,
        /// Column `content_sha256`.
        content_sha256 -> Text,
        /// Column `jws`.
        jws -> Text,
        /// Column `issued_at_ms`.
        issued_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `restore_gaps`.
    restore_gaps (org_id, kind, visit_id, item, device_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `item`.
        item -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `noted_at_ms`.
        noted_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `device_orders`.
    device_orders (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `wipe_now`.
        wipe_now -> Bool,
        /// Column `jws`.
        jws -> Text,
        /// Column `ordered_at_ms`.
        ordered_at_ms -> BigInt,
        /// Column `ordered_by`.
        ordered_by -> Text,
        /// Column `sent_at_ms`.
        sent_at_ms -> Nullable<BigInt>,
        /// Column `withdrawn_at_ms`.
        withdrawn_at_ms -> Nullable<BigInt>,
        /// Column `receipt`.
        receipt -> Nullable<Text>,
        /// Column `done_at_ms`.
        done_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `device_marks`.
    device_marks (org_id, device_id, kind, item) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `item`.
        item -> Text,
        /// Column `code`.
        code -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `kept_receipts`.
    kept_receipts (org_id, device_id, part) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `part`.
        part -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `jws`.
        jws -> Text,
        /// Column `made_at_ms`.
        made_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `org_storage`.
    org_storage (org_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `bytes`.
        bytes -> BigInt,
    }
}

diesel::table! {
    /// Rows of `uploads`.
    uploads (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `device_id`.
        device_id -> Text,
        /// Column `photo_id`.
        photo_id -> Text,
        /// Column `sha256`.
        sha256 -> Text,
        /// Column `length_bytes`.
        length_bytes -> Nullable<BigInt>,
        /// Column `metadata`.
        metadata -> Text,
        /// Column `state`.
        state -> Text,
        /// Column `blob_sha256`.
        blob_sha256 -> Nullable<Text>,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
        /// Column `touched_at_ms`.
        touched_at_ms -> BigInt,
        /// Column `ended_at_ms`.
        ended_at_ms -> Nullable<BigInt>,
        /// Column `arrived_at_ms`.
        arrived_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `deadlines`.
    deadlines (org_id, subject, code, item) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `subject`.
        subject -> Text,
        /// Column `code`.
        code -> Text,
        /// Column `item`.
        item -> BigInt,
        /// Column `visit_id`.
        visit_id -> Nullable<Text>,
        /// Column `work_order_id`.
        work_order_id -> Nullable<Text>,
        /// Column `trigger_ms`.
        trigger_ms -> BigInt,
        /// Column `due_ms`.
        due_ms -> BigInt,
        /// Column `happened_ms`.
        happened_ms -> Nullable<BigInt>,
        /// Column `state`.
        state -> Text,
        /// Column `policy_version`.
        policy_version -> BigInt,
        /// Column `judged_ms`.
        judged_ms -> BigInt,
        /// Column `watch_ms`.
        watch_ms -> Nullable<BigInt>,
        /// Column `told_ms`.
        told_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `deadline_history`.
    deadline_history (org_id, subject, code, item, judged_ms) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `subject`.
        subject -> Text,
        /// Column `code`.
        code -> Text,
        /// Column `item`.
        item -> BigInt,
        /// Column `judged_ms`.
        judged_ms -> BigInt,
        /// Column `until_ms`.
        until_ms -> BigInt,
        /// Column `visit_id`.
        visit_id -> Nullable<Text>,
        /// Column `work_order_id`.
        work_order_id -> Nullable<Text>,
        /// Column `trigger_ms`.
        trigger_ms -> BigInt,
        /// Column `due_ms`.
        due_ms -> BigInt,
        /// Column `happened_ms`.
        happened_ms -> Nullable<BigInt>,
        /// Column `state`.
        state -> Text,
        /// Column `policy_version`.
        policy_version -> BigInt,
    }
}

diesel::table! {
    /// Rows of `tasks`.
    tasks (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `source`.
        source -> Text,
        /// Column `visit_id`.
        visit_id -> Nullable<Text>,
        /// Column `work_order_id`.
        work_order_id -> Nullable<Text>,
        /// Column `role`.
        role -> Text,
        /// Column `owner_id`.
        owner_id -> Nullable<Text>,
        /// Column `due_ms`.
        due_ms -> Nullable<BigInt>,
        /// Column `level`.
        level -> BigInt,
        /// Column `escalate_ms`.
        escalate_ms -> Nullable<BigInt>,
        /// Column `state`.
        state -> Text,
        /// Column `reason`.
        reason -> Nullable<Text>,
        /// Column `note`.
        note -> Nullable<Text>,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
        /// Column `closed_at_ms`.
        closed_at_ms -> Nullable<BigInt>,
        /// Column `closed_by`.
        closed_by -> Nullable<Text>,
        /// Column `version`.
        version -> BigInt,
        /// Column `next_visit_id`.
        next_visit_id -> Nullable<Text>,
        /// Column `no_next_visit`.
        no_next_visit -> Nullable<Text>,
    }
}

diesel::table! {
    /// Rows of `search_terms`.
    search_terms (org_id, kind, term, subject_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `term`.
        term -> Text,
        /// Column `subject_id`.
        subject_id -> Text,
    }
}

diesel::table! {
    /// Rows of `order_refusals`.
    order_refusals (org_id, work_order_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `work_order_id`.
        work_order_id -> Text,
        /// Column `reason_code`.
        reason_code -> Text,
        /// Column `reason`.
        reason -> Text,
        /// Column `suggestion`.
        suggestion -> Text,
        /// Column `refused_by`.
        refused_by -> Text,
        /// Column `refused_at_ms`.
        refused_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `norm_withdrawals`.
    norm_withdrawals (org_id, kind, code, version) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `code`.
        code -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `withdrawn_at_ms`.
        withdrawn_at_ms -> BigInt,
        /// Column `withdrawn_by`.
        withdrawn_by -> Text,
        /// Column `reason`.
        reason -> Text,
    }
}

diesel::table! {
    /// Rows of `meeting_places`.
    meeting_places (org_id, team_id, version) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `team_id`.
        team_id -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `places`.
        places -> Text,
        /// Column `set_by`.
        set_by -> Text,
        /// Column `set_at_ms`.
        set_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `day_records`.
    day_records (org_id, intent_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `intent_id`.
        intent_id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `day`.
        day -> Text,
        /// Column `at_ms`.
        at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `installed_items`.
    installed_items (org_id, visit_id, source, item_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `item_id`.
        item_id -> Text,
        /// Column `source`.
        source -> Text,
        /// Column `ordinal`.
        ordinal -> BigInt,
        /// Column `sku`.
        sku -> Text,
        /// Column `quantity`.
        quantity -> Text,
        /// Column `unit`.
        unit -> Text,
        /// Column `serial`.
        serial -> Nullable<Text>,
        /// Column `serial_key`.
        serial_key -> Nullable<Text>,
        /// Column `at_ms`.
        at_ms -> BigInt,
        /// Column `noted_by`.
        noted_by -> Text,
    }
}

diesel::table! {
    /// Rows of `day_sign_offs`.
    day_sign_offs (org_id, team_id, day, number) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `team_id`.
        team_id -> Text,
        /// Column `day`.
        day -> Text,
        /// Column `number`.
        number -> BigInt,
        /// Column `signed_by`.
        signed_by -> Text,
        /// Column `signed_at_ms`.
        signed_at_ms -> BigInt,
        /// Column `covered`.
        covered -> Text,
        /// Column `covered_sha256`.
        covered_sha256 -> Text,
        /// Column `open`.
        open -> Text,
        /// Column `despite`.
        despite -> Nullable<Text>,
    }
}

diesel::table! {
    /// Rows of `calls`.
    calls (org_id, call_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `call_id`.
        call_id -> Text,
        /// Column `visit_id`.
        visit_id -> Nullable<Text>,
        /// Column `work_order_id`.
        work_order_id -> Nullable<Text>,
        /// Column `rep_id`.
        rep_id -> Text,
        /// Column `started_at_ms`.
        started_at_ms -> BigInt,
        /// Column `duration_secs`.
        duration_secs -> BigInt,
        /// Column `result`.
        result -> Text,
        /// Column `recording_ref`.
        recording_ref -> Nullable<Text>,
        /// Column `told_by`.
        told_by -> Text,
        /// Column `told_at_ms`.
        told_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `customer_links`.
    customer_links (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `token_sha256`.
        token_sha256 -> Text,
        /// Column `planned_start_ms`.
        planned_start_ms -> BigInt,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
        /// Column `created_by`.
        created_by -> Text,
        /// Column `expires_at_ms`.
        expires_at_ms -> BigInt,
        /// Column `revoked_at_ms`.
        revoked_at_ms -> Nullable<BigInt>,
        /// Column `answer`.
        answer -> Nullable<Text>,
        /// Column `answered_at_ms`.
        answered_at_ms -> Nullable<BigInt>,
        /// Column `proposed_start_ms`.
        proposed_start_ms -> Nullable<BigInt>,
        /// Column `words`.
        words -> Nullable<Text>,
    }
}

diesel::table! {
    /// Rows of `customer_consents`.
    customer_consents (org_id, customer_id, seq) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `customer_id`.
        customer_id -> Text,
        /// Column `seq`.
        seq -> BigInt,
        /// Column `at_ms`.
        at_ms -> BigInt,
        /// Column `consent_sms`.
        consent_sms -> Bool,
        /// Column `recorded_by`.
        recorded_by -> Text,
    }
}

diesel::table! {
    /// Rows of `notices`.
    notices (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `customer_id`.
        customer_id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `channel`.
        channel -> Text,
        /// Column `language`.
        language -> Text,
        /// Column `text_version`.
        text_version -> BigInt,
        /// Column `text`.
        text -> Nullable<Text>,
        /// Column `state`.
        state -> Text,
        /// Column `reason`.
        reason -> Nullable<Text>,
        /// Column `not_before_ms`.
        not_before_ms -> BigInt,
        /// Column `created_at_ms`.
        created_at_ms -> BigInt,
        /// Column `settled_at_ms`.
        settled_at_ms -> Nullable<BigInt>,
        /// Column `version`.
        version -> BigInt,
        /// Column `withheld`.
        withheld -> Nullable<Text>,
        /// Column `missing`.
        missing -> Nullable<Text>,
        /// Column `useful_until_ms`.
        useful_until_ms -> BigInt,
        /// Column `fact`.
        fact -> Nullable<Text>,
        /// Column `link`.
        link -> Nullable<Text>,
    }
}

diesel::table! {
    /// Rows of `visit_news`.
    visit_news (org_id, visit_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `noted_at_ms`.
        noted_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `certificates`.
    certificates (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `number`.
        number -> Nullable<Text>,
        /// Column `valid_from`.
        valid_from -> Text,
        /// Column `valid_to`.
        valid_to -> Text,
        /// Column `noted_by`.
        noted_by -> Text,
        /// Column `noted_at_ms`.
        noted_at_ms -> BigInt,
        /// Column `withdrawn_by`.
        withdrawn_by -> Nullable<Text>,
        /// Column `withdrawn_at_ms`.
        withdrawn_at_ms -> Nullable<BigInt>,
        /// Column `withdraw_reason`.
        withdraw_reason -> Nullable<Text>,
    }
}

diesel::table! {
    /// Rows of `grid_teams`.
    grid_teams (org_id, grid_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `grid_id`.
        grid_id -> Text,
        /// Column `team_id`.
        team_id -> Nullable<Text>,
        /// Column `version`.
        version -> BigInt,
    }
}

diesel::table! {
    /// Rows of `absences`.
    absences (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `user_id`.
        user_id -> Text,
        /// Column `from_ms`.
        from_ms -> BigInt,
        /// Column `until_ms`.
        until_ms -> Nullable<BigInt>,
        /// Column `reason`.
        reason -> Text,
        /// Column `noted_by`.
        noted_by -> Text,
        /// Column `noted_at_ms`.
        noted_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `absence_ends`.
    absence_ends (org_id, absence_id, seq) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `absence_id`.
        absence_id -> Text,
        /// Column `seq`.
        seq -> BigInt,
        /// Column `until_ms`.
        until_ms -> BigInt,
        /// Column `ended_by`.
        ended_by -> Text,
        /// Column `ended_at_ms`.
        ended_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `outages`.
    outages (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `title`.
        title -> Text,
        /// Column `grid_id`.
        grid_id -> Text,
        /// Column `expected_end_ms`.
        expected_end_ms -> Nullable<BigInt>,
        /// Column `opened_by`.
        opened_by -> Text,
        /// Column `opened_at_ms`.
        opened_at_ms -> BigInt,
        /// Column `ended_by`.
        ended_by -> Nullable<Text>,
        /// Column `ended_at_ms`.
        ended_at_ms -> Nullable<BigInt>,
        /// Column `cause`.
        cause -> Nullable<Text>,
        /// Column `version`.
        version -> BigInt,
        /// Column `watch_ms`.
        watch_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `order_holds`.
    order_holds (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `work_order_id`.
        work_order_id -> Text,
        /// Column `outage_id`.
        outage_id -> Nullable<Text>,
        /// Column `reason`.
        reason -> Text,
        /// Column `until_ms`.
        until_ms -> Nullable<BigInt>,
        /// Column `held_by`.
        held_by -> Text,
        /// Column `held_at_ms`.
        held_at_ms -> BigInt,
        /// Column `resumed_by`.
        resumed_by -> Nullable<Text>,
        /// Column `resumed_at_ms`.
        resumed_at_ms -> Nullable<BigInt>,
        /// Column `watch_ms`.
        watch_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Rows of `archive_due`.
    archive_due (org_id, visit_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `noted_at_ms`.
        noted_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `archive_items`.
    archive_items (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `kind`.
        kind -> Text,
        /// Column `subject`.
        subject -> Text,
        /// Column `version`.
        version -> BigInt,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `sha256`.
        sha256 -> Nullable<Text>,
        /// Column `ended_at_ms`.
        ended_at_ms -> BigInt,
        /// Column `stored_at_ms`.
        stored_at_ms -> BigInt,
        /// Column `keep_until_ms`.
        keep_until_ms -> BigInt,
        /// Column `policy_version`.
        policy_version -> BigInt,
    }
}

diesel::table! {
    /// Rows of `legal_holds`.
    legal_holds (org_id, id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `id`.
        id -> Text,
        /// Column `visit_id`.
        visit_id -> Text,
        /// Column `reason`.
        reason -> Text,
        /// Column `placed_by`.
        placed_by -> Text,
        /// Column `placed_at_ms`.
        placed_at_ms -> BigInt,
    }
}

diesel::table! {
    /// Rows of `legal_hold_ends`.
    legal_hold_ends (org_id, hold_id) {
        /// Column `org_id`.
        org_id -> Text,
        /// Column `hold_id`.
        hold_id -> Text,
        /// Column `reason`.
        reason -> Text,
        /// Column `lifted_by`.
        lifted_by -> Text,
        /// Column `lifted_at_ms`.
        lifted_at_ms -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    archive_due,
    archive_items,
    legal_holds,
    legal_hold_ends,
    organisations,
    store_epoch,
    signing_keys,
    number_series,
    teams,
    grids,
    users,
    user_roles,
    login_delays,
    devices,
    enrolment_codes,
    refresh_families,
    nonces,
    customers,
    customer_phones,
    sites,
    templates,
    policies,
    calendars,
    norm_withdrawals,
    work_orders,
    appointments,
    visits,
    assignments,
    documents,
    doc_changes,
    doc_packs,
    doc_actors,
    quarantine,
    batch_seals,
    batch_seal_parts,
    feed,
    audience_heads,
    intents,
    statements,
    complete_receipts,
    restore_gaps,
    blobs,
    blob_claims,
    blob_facts,
    photo_checks,
    photo_looks,
    photo_near_misses,
    photo_sightings,
    finding_decisions,
    findings,
    blob_bringers,
    intent_blobs,
    visit_statements,
    visit_photos,
    visit_readings,
    visit_answers,
    visit_events,
    verdicts,
    conflict_choices,
    visit_conflicts,
    late_work,
    late_decisions,
    visit_late_work,
    reworks,
    review_claims,
    audit_events,
    idempotency_keys,
    device_orders,
    device_marks,
    kept_receipts,
    org_storage,
    uploads,
    deadlines,
    deadline_history,
    tasks,
    search_terms,
    order_refusals,
    meeting_places,
    day_records,
    installed_items,
    day_sign_offs,
    notices,
    visit_news,
    customer_consents,
    customer_links,
    calls,
    certificates,
    grid_teams,
    absences,
    absence_ends,
    outages,
    order_holds,
);
