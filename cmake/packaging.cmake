# Man pages, the files of a Debian system, and `cpack -G DEB`.
#
# `cmake --install` lays down the program, its packs, schemas, man pages and completion, under any prefix.
# What belongs to a Debian system (units, user, /etc/sluice, examples) is the component "system", which
# only the package has.

# All man pages but sluice(1) are pages of docs/, so that there is one text to keep true.
set(man_dir ${CMAKE_CURRENT_BINARY_DIR}/man)
file(MAKE_DIRECTORY ${man_dir})
set(generate_man ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/generate-man)
set(man_pages)
function(add_man_page name section purpose page)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/docs/${page})
  set(target ${man_dir}/${name}.${section})
  add_custom_command(
    OUTPUT ${target}
    COMMAND ${generate_man} ${name} ${section} ${purpose} ${source} > ${target}
    DEPENDS ${source} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/generate-man VERBATIM)
  set(man_pages ${man_pages} ${target} PARENT_SCOPE)
endfunction()
add_man_page(sluice.json 5 "configuration of sluice" config.md)
add_man_page(sluice-rules 5 "rules of sluice" rules.md)
add_man_page(sluice-runbook 7 "what sluice drops and logs, and what to do" runbook.md)
add_man_page(sluice-clusters 1 "cluster maps of sluice from Puppet" clusters.md)
configure_file(packaging/man/sluice.1 ${man_dir}/sluice.1 COPYONLY)
set(packed_pages)
foreach(page ${man_dir}/sluice.1 ${man_pages})
  add_custom_command(OUTPUT ${page}.gz COMMAND gzip -9nc ${page} > ${page}.gz DEPENDS ${page} VERBATIM)
  list(APPEND packed_pages ${page}.gz)
endforeach()

# The two changelogs and the copyright that a package must have.
set(doc_dir ${CMAKE_CURRENT_BINARY_DIR}/doc)
configure_file(packaging/deb/changelog.in ${doc_dir}/changelog.Debian @ONLY)
add_custom_command(
  OUTPUT ${doc_dir}/changelog.Debian.gz
  COMMAND gzip -9nc ${doc_dir}/changelog.Debian > ${doc_dir}/changelog.Debian.gz
  DEPENDS ${doc_dir}/changelog.Debian VERBATIM)
add_custom_command(
  OUTPUT ${doc_dir}/changelog.gz
  COMMAND gzip -9nc ${CMAKE_CURRENT_SOURCE_DIR}/CHANGELOG.md > ${doc_dir}/changelog.gz
  DEPENDS CHANGELOG.md VERBATIM)
add_custom_target(packaging_files ALL
                  DEPENDS ${packed_pages} ${doc_dir}/changelog.gz ${doc_dir}/changelog.Debian.gz)

install(FILES ${man_dir}/sluice.1.gz ${man_dir}/sluice-clusters.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${man_dir}/sluice-runbook.7.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
install(FILES ${man_dir}/sluice.json.5.gz ${man_dir}/sluice-rules.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES packaging/bash-completion/sluice DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/packaging/schema)
  install(DIRECTORY packaging/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/sluice FILES_MATCHING PATTERN "*.json")
endif()

# The system's own places, whatever the prefix is.
macro(install_system)
  install(${ARGN} COMPONENT system EXCLUDE_FROM_ALL)
endmacro()
install_system(FILES packaging/systemd/sluice.service packaging/systemd/sluice.socket
               packaging/systemd/sluice-tcp.socket DESTINATION /lib/systemd/system)
install_system(FILES packaging/systemd/sluice.sysusers RENAME sluice.conf DESTINATION /usr/lib/sysusers.d)
install_system(FILES packaging/systemd/sluice.tmpfiles RENAME sluice.conf DESTINATION /usr/lib/tmpfiles.d)
install_system(FILES packaging/sluice.json DESTINATION /etc/sluice)
install_system(DIRECTORY DESTINATION /etc/sluice/rules.d)
install_system(FILES packaging/deb/copyright ${doc_dir}/changelog.gz ${doc_dir}/changelog.Debian.gz
               DESTINATION /usr/share/doc/sluice)
install_system(FILES README.md DESTINATION /usr/share/doc/sluice)
install(DIRECTORY docs DESTINATION /usr/share/doc/sluice COMPONENT system EXCLUDE_FROM_ALL
        FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "*.svg" PATTERN "openapi.json")
install_system(FILES packaging/deb/lintian-overrides RENAME sluice DESTINATION /usr/share/lintian/overrides)
foreach(example carbon collectd grafana graphite puppet rsyslog schema syslog-ng systemd clusters.json)
  if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/packaging/${example})
    install_system(DIRECTORY packaging/${example} DESTINATION /usr/share/doc/sluice/examples)
  elseif(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/packaging/${example})
    install_system(FILES packaging/${example} DESTINATION /usr/share/doc/sluice/examples)
  endif()
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_VENDOR sluice)
set(CPACK_PACKAGE_CONTACT "sluice maintainers <sluice@localhost>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR}" sluice Unspecified / "${CMAKE_BINARY_DIR}" sluice system /)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "syslog-to-Graphite metrics relay")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"rsyslog and other senders forward log lines to sluice over UDP, TCP or unix
sockets. Its rules pull numbers out of them, such as the run times, changes
and failures that Puppet logs, and sum them up by host, by cluster and for
the whole fleet.

They are delivered to carbon as Graphite plaintext, acknowledged, and kept
on disk while carbon is away.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.52), procps, tzdata")
# For sluice-clusters alone.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3, python3-yaml")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "graphite-carbon, rsyslog")
set(maintainer_scripts conffiles postinst prerm postrm)
list(TRANSFORM maintainer_scripts PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/packaging/deb/)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${maintainer_scripts})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
