-- Triggers of rows do not see TRUNCATE, which takes all rows away at once.
CREATE TRIGGER intents_no_truncate BEFORE TRUNCATE ON intents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_seals_no_truncate BEFORE TRUNCATE ON batch_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER doc_changes_no_truncate BEFORE TRUNCATE ON doc_changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER verdicts_no_truncate BEFORE TRUNCATE ON verdicts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER conflict_choices_no_truncate BEFORE TRUNCATE ON conflict_choices FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER late_work_no_truncate BEFORE TRUNCATE ON late_work FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER late_decisions_no_truncate BEFORE TRUNCATE ON late_decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER complete_receipts_no_truncate BEFORE TRUNCATE ON complete_receipts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER doc_packs_no_truncate BEFORE TRUNCATE ON doc_packs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quarantine_no_truncate BEFORE TRUNCATE ON quarantine FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER statements_no_truncate BEFORE TRUNCATE ON statements FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER templates_no_truncate BEFORE TRUNCATE ON templates FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policies_no_truncate BEFORE TRUNCATE ON policies FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
