"""The addresses of the people reading: what codes, compares, settles, measures and leaves.

The last word of an address names its view, its template and its test.
"""

from django.urls import include, path

from reviews.agreement.views import agreement
from reviews.codebook.views import (
    code,
    codebook,
    codebook_versions,
    import_codebook,
    proposals,
    settings,
    template,
)
from reviews.coding.views import proposal, queue, recode, reopen, review, section, summary
from reviews.exchange.views import api, export, import_codings, import_study, import_summaries
from reviews.overview.views import correction, home, log, overview, paper, papers
from reviews.results.views import evidence, map, methods
from reviews.rounds.views import close_round, departure, hand_out, rounds
from reviews.settling.views import causes, comparison, disagreements, feedback, mentions, settle

study_pages = [
    path("", overview.overview, name="overview"),
    # Papers
    path("papers/", papers.papers, name="papers"),
    path("papers/<key:key>/", paper.paper, name="paper"),
    path(
        "papers/<key:key>/suggest-correction/",
        correction.suggest_correction,
        name="suggest-correction",
    ),
    path(
        "papers/<key:key>/corrections/<int:suggestion>/answer/",
        correction.answer_correction,
        name="answer-correction",
    ),
    path("import-codings/", import_codings.import_codings, name="import-codings"),
    path("import-summaries/", import_summaries.import_summaries, name="import-summaries"),
    # Template and codebook
    path("template/", template.template, name="template"),
    path("template/new-section/", template.new_section, name="new-section"),
    path("template/new-phase/", template.new_phase, name="new-phase"),
    path("template/new-question/", template.new_question, name="new-question"),
    path("template/sections/<slug:section>/", template.template_section, name="template-section"),
    path(
        "template/sections/<slug:section>/change/", template.change_section, name="change-section"
    ),
    path("template/phases/<slug:phase>/", template.template_phase, name="template-phase"),
    path("template/phases/<slug:phase>/change/", template.change_phase, name="change-phase"),
    path(
        "template/questions/<int:question>/", template.template_question, name="template-question"
    ),
    path(
        "template/questions/<int:question>/change/",
        template.change_question,
        name="change-question",
    ),
    path("template/add/<slug:preset>/", template.add_preset, name="add-preset"),
    path("template/undo/<int:version>/", template.undo_removal, name="undo-removal"),
    path("codebook/", codebook.codebook, name="codebook"),
    path("codebook/codebook.<slug:suffix>", codebook.codebook_file, name="codebook-file"),
    path("codebook/new/", code.new_code, name="new-code"),
    path("codebook/near/", code.near_code, name="near-code"),
    path("codebook/import/", import_codebook.import_codebook, name="import-codebook"),
    path("codebook/versions/", codebook_versions.codebook_versions, name="codebook-versions"),
    path(
        "codebook/versions/<int:version>/undo/", codebook_versions.undo_change, name="undo-change"
    ),
    path("codebook/<int:code>/", code.code, name="code"),
    path("codebook/<int:code>/quotes/", codebook.code_quotes, name="code-quotes"),
    path("codebook/<int:code>/order/", code.order_code, name="order-code"),
    path("codebook/<int:code>/retire/", code.retire_code, name="retire-code"),
    path("codebook/<int:code>/restore/", code.restore_code, name="restore-code"),
    path("codebook/<int:code>/merge/", code.merge_code, name="merge-code"),
    path("codebook/<int:code>/split/", code.split_code, name="split-code"),
    path("codebook/<int:code>/move/", code.move_code, name="move-code"),
    path("proposals/", proposals.proposals, name="proposals"),
    path("proposals/<int:code>/", proposals.decide_proposal, name="decide-proposal"),
    path("settings/", settings.settings, name="settings"),
    path("settings/release/", settings.release, name="release"),
    # Team and rounds
    path("team/<int:member>/role/", departure.role, name="role"),
    path("team/<int:member>/deactivate/", departure.deactivate, name="deactivate"),
    path("rounds/", rounds.rounds, name="rounds"),
    path("rounds/new/", rounds.new_round, name="new-round"),
    path("rounds/<int:round>/", rounds.round, name="round"),
    path("rounds/<int:round>/edit/", rounds.edit_round, name="edit-round"),
    path("rounds/<int:round>/remove/", rounds.remove_round, name="remove-round"),
    path("rounds/<int:round>/hand-out/", hand_out.hand_out, name="hand-out"),
    path("rounds/<int:round>/hand-out/undo/", hand_out.undo_hand_out, name="undo-hand-out"),
    path("rounds/<int:round>/withdraw/", hand_out.withdraw, name="withdraw"),
    path("rounds/<int:round>/close/", close_round.close_round, name="close-round"),
    path("rounds/<int:round>/reopen/", close_round.reopen_round, name="reopen-round"),
    # Coding
    path("queue/", queue.queue, name="queue"),
    path("queue/next/", queue.next_paper, name="next-paper"),
    path("papers/<key:key>/summary/", summary.summary, name="summary"),
    path("papers/<key:key>/summary/sections/<slug:section>/", section.section, name="section"),
    path("papers/<key:key>/summary/propose/", proposal.propose, name="propose"),
    path("papers/<key:key>/summary/propose/near/", proposal.near, name="near"),
    path(
        "papers/<key:key>/summary/propose/withdraw/",
        proposal.withdraw_proposal,
        name="withdraw-proposal",
    ),
    path("papers/<key:key>/summary/review/", review.review, name="review"),
    path("papers/<key:key>/recode/<int:task>/", recode.recode, name="recode"),
    path("papers/<key:key>/summary/<int:assignment>/reopen/", reopen.reopen, name="reopen"),
    # Comparing and settling
    path("papers/<key:key>/comparison/", comparison.comparison, name="comparison"),
    path(
        "papers/<key:key>/comparison/<slug:phase>/look/", comparison.look_early, name="look-early"
    ),
    path("papers/<key:key>/comparison/<slug:section>/settle/", settle.settle, name="settle"),
    path(
        "papers/<key:key>/comparison/<slug:section>/undo/",
        settle.undo_settling,
        name="undo-settling",
    ),
    path("papers/<key:key>/comparison/<slug:section>/defer/", settle.defer, name="defer"),
    path("papers/<key:key>/comparison/<slug:section>/take-up/", settle.take_up, name="take-up"),
    path(
        "papers/<key:key>/comparison/<slug:section>/remark/", settle.add_remark, name="add-remark"
    ),
    # As it was once. Below the others: a section may be called “look”, a phase “settle”.
    path(
        "papers/<key:key>/comparison/look/<slug:phase>/",
        comparison.look_early,
        name="former-look-early",
    ),
    path("remarks/<int:remark>/resolve/", settle.resolve_remark, name="resolve-remark"),
    path("remarks/<int:remark>/rule/", settle.keep_rule, name="keep-rule"),
    path("disagreements/", disagreements.disagreements, name="disagreements"),
    path("disagreements/next/", disagreements.next_disagreement, name="next-disagreement"),
    path("disagreements/adopt/", disagreements.adopt, name="adopt"),
    path("disagreements/adopt/undo/", disagreements.undo_adopting, name="undo-adopting"),
    path("causes/", causes.causes, name="causes"),
    path("feedback/", feedback.feedback, name="feedback"),
    # Agreement
    path("agreement/", agreement.agreement, name="agreement"),
    path("agreement/agreement.csv", agreement.agreement_csv, name="agreement-csv"),
    path(
        "agreement/agreement_codes.csv", agreement.agreement_codes_csv, name="agreement-codes-csv"
    ),
    path("agreement/agreement.tex", agreement.agreement_tex, name="agreement-tex"),
    path("agreement/agreement.md", agreement.agreement_md, name="agreement-md"),
    path("agreement/<slug:section>/", agreement.agreement_section, name="agreement-section"),
    path("agreement/<slug:section>/papers/", agreement.agreement_papers, name="agreement-papers"),
    # Map and files
    path("map/", map.map, name="map"),
    path("map/papers/", map.map_papers, name="map-papers"),
    path("map/figure.svg", map.figure, {"kind": "svg"}, name="map-svg"),
    path("map/figure.png", map.figure, {"kind": "png"}, name="map-png"),
    path("map/figure.pdf", map.figure, {"kind": "pdf"}, name="map-pdf"),
    path("map/table.csv", map.table, {"kind": "csv"}, name="map-csv"),
    path("map/table.tex", map.table, {"kind": "tex"}, name="map-tex"),
    path("export/", export.export, name="export"),
    path("export/bundle.zip", export.export_bundle, name="export-bundle"),
    path("export/study.xlsx", export.export_workbook, name="export-workbook"),
    path("export/<str:name>", export.export_file, name="export-file"),
    path("api/", api.api, name="api"),
    path("api/tokens/", api.new_token, name="new-token"),
    path("api/tokens/<int:token>/revoke/", api.revoke_token, name="revoke-token"),
    path("api/<slug:name>.json", api.api_file, name="api-file"),
    path("evidence/", evidence.evidence, name="evidence"),
    path("methods/", methods.methods, name="methods"),
    path("methods/flow.svg", methods.flow_svg, name="flow-svg"),
    # Log
    path("log/", log.log, name="log"),
    path("log/log.csv", log.log_csv, name="log-csv"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("studies/import/", import_study.import_study, name="import-study"),
    path("mentions/", mentions.mentions, name="mentions"),
    path("mentions/seen/", mentions.mentions_seen, name="mentions-seen"),
    path("s/<slug:slug>/", include(study_pages)),
]
